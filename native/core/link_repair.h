#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/chunk_reader.h"
#include "core/env.h"
#include "core/log_links.h"
#include "core/log_survey.h"
#include "core/repair_report.h"
#include "core/result.h"
#include "core/scan_meter.h"
#include "core/segment_rewrite.h"
#include "core/tail_scan.h"

namespace millrace {

// What one segment of a damaged log holds, and how it is to be written anew.
struct LinkRepair {
  std::optional<RewriteTerms> rewrite;   // none: it stays as it is
  std::optional<RewriteTerms> unsealed;  // then without the seal that says something follows
  std::vector<LostNumbers> lost;
  LogPosition tail;  // behind the last frame, of the rewritten segment
  FrameOrder order{.next = kFirstSequence, .arrival = {}, .epoch = 0};
  bool ended = false;             // by the shard end
  bool contradicts_mark = false;  // the commit mark lies inside a frame
  // Where the durable and the index mark belong, if they lie here, inside what is no frame any
  // more.
  std::array<std::optional<LogPosition>, 2> lower_marks;
  bool tail_lost = false;        // promised frames are gone from the log's end: it ends here
  std::uint64_t lost_bytes = 0;  // behind the tail
};

// What the repair of a link has to know beside the link.
struct LinkRepairContext {
  Env& env;
  const std::string& root;    // of the store
  const std::string& folder;  // of the log, relative to it
  const LogSurvey& survey;
  ChunkBuffer& buffer;
  ScanMeter& meter;
  std::uint64_t writer_count = 0;  // the latest writer known
};

// Reads the frames of a link and decides. kCorrupt when what is left contradicts itself in a way
// that no loss explains.
Result<LinkRepair> repair_link(const LinkRepairContext& context, const LogLink& link);

}  // namespace millrace
