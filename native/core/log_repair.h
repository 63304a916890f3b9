#pragma once

#include <optional>

#include "core/chunk_reader.h"
#include "core/env.h"
#include "core/log_files.h"
#include "core/repair_report.h"
#include "core/result.h"
#include "core/scan_meter.h"
#include "core/units.h"

namespace millrace {

struct LogRepairOptions {
  bool dry_run = false;
  // A log that means nothing with a hole in it is refused rather than repaired with a loss…
  bool lossless = false;
  // …unless all of that lies before this number: then the log begins here.
  std::optional<Sequence> begin_at;
};

// Makes a log that is damaged one that can be opened, with every record that can still be proved.
// The caller holds the store's lock. A log that is sound is not touched; what is replaced or
// removed was set aside before. Interrupted anywhere, it leaves the log as damaged as it was or
// less, and doing it again finishes. Fails only when it was stopped, with kClosed; whatever else
// prevents it is in the report.
Result<LogRepair> repair_log(Env& env, const LogPlace& place, const LogRepairOptions& options,
                             ChunkBuffer& buffer, ScanMeter& meter);

}  // namespace millrace
