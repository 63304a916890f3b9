#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/control_snapshot.h"
#include "core/findings.h"
#include "core/segment_head.h"
#include "core/segment_header.h"
#include "core/units.h"

namespace millrace {

// Plain facts about the files of a store, as src/store-report.ts names them.

// The frames of one segment, walked.
struct FramesReport {
  std::uint64_t records = 0;
  std::uint64_t key_bytes = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t gaps = 0;
  FileOffset end;  // behind the last good frame
  Sequence last_sequence;
  ArrivalTime last_arrival;
};

struct SegmentReport {
  std::string file;
  SegmentHead head;
  std::optional<FramesReport> frames;  // when every byte was asked for
};

struct LogReport {
  std::string folder;
  LogIdentity identity;
  std::optional<ControlWords> control;  // none when the control page is missing or damaged
  bool this_boot = false;               // its last writer ran since the machine came up
  std::vector<SegmentReport> segments;
};

struct StoreReport {
  std::uint32_t format_version = kFormatVersion;
  bool in_use = false;
  std::vector<LogReport> logs;
  std::vector<Finding> findings;
  std::uint64_t bytes_checked = 0;
};

}  // namespace millrace
