#pragma once

#include <optional>
#include <string>

#include "core/env.h"
#include "core/repair_report.h"
#include "core/result.h"
#include "core/scan_meter.h"
#include "core/units.h"

namespace millrace {

struct RepairOptions {
  // Only says what would be done.
  bool dry_run = false;
  // The metadata means nothing with a command missing, so its log is refused rather than repaired
  // with a loss, unless it holds all that counts from this record on.
  bool lossless_metadata = true;
  std::optional<Sequence> metadata_begin = {};
};

// Repairs every damaged log of a store that nobody writes, and what is damaged around them. Takes
// the store's lock: kBusy. Fails as a whole when the folder is no store, or of a later version, or
// when it was stopped (kClosed); what prevents one log from being repaired is in the report.
Result<RepairReport> repair_store(Env& env, const std::string& root, const RepairOptions& options,
                                  const ScanWatch& watch);

}  // namespace millrace
