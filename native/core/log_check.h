#pragma once

#include "core/chunk_reader.h"
#include "core/env.h"
#include "core/findings.h"
#include "core/log_files.h"
#include "core/scan_meter.h"
#include "core/store_report.h"

namespace millrace {

// Reads every byte of one log. A log that is being written is checked up to where it had been
// committed when the check began; what looks wrong meanwhile is looked at again.
LogReport check_log(Env& env, const LogPlace& place, ChunkBuffer& buffer, ScanMeter& meter,
                    Findings& findings);

}  // namespace millrace
