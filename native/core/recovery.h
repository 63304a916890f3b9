#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/control_file.h"
#include "core/env.h"
#include "core/last_end.h"
#include "core/result.h"
#include "core/segment_list.h"
#include "core/tail_scan.h"
#include "core/units.h"

namespace millrace {

// What opening a log found and did.
struct RecoveryReport {
  LastEnd last_end = LastEnd::kFresh;
  std::uint64_t scanned_bytes = 0;       // verified by checksum; bounded by the backlog limit
  std::uint64_t cut_frames = 0;          // whole records behind the tear, never reported as durable
  bool past_cache = false;               // after a failed write or sync of this boot
  std::uint64_t set_aside_segments = 0;  // segments behind the tear, moved to quarantine/
  ScanStop stop = ScanStop::kLimit;      // why the scan ended
};

// A log as its files say it is: what the appender goes on from.
struct RecoveredLog {
  std::shared_ptr<ControlFile> control;  // null when the log has no files yet
  SegmentList segments;
  LogPosition tail;
  LogPosition durable;
  LogPosition checkpointed;  // below it the index is on the disk, too; commits go beyond
  Sequence durable_next = kFirstSequence;
  // No record arrived before 1970, whatever a clock says: headers begin to count there.
  FrameOrder order{.next = kFirstSequence, .arrival = {0}, .epoch = 0};
  // The first frame of the next writer must be a gap up to here: numbers below may have been used.
  Sequence resume_at = kFirstSequence;
  bool sealed = false;
  RecoveryReport report;
};

// Reads a log's folder, decides where the log ends, and makes the control page and the index say
// so. Beyond that it unlinks segments that a trim had already given up, and moves segments behind a
// tear to quarantine/; doing it again gives the same answer. kCorrupt when bytes that were promised
// are missing or damaged: nothing is changed then.
Result<RecoveredLog> recover_log(Env& env, const std::string& directory,
                                 const LogIdentity& identity, std::uint64_t boot_hash);

}  // namespace millrace
