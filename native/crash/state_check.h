#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/env_recording.h"
#include "core/log_options.h"
#include "crash/disk_image.h"
#include "crash/ledger.h"

namespace millrace::crash {

// A state of a disk, and what is known of the store that it holds.
struct CrashState {
  DiskImage image;
  End end = End::kSystem;
  JournalPlace cut = 0;  // in the ledger
  const StoreLedger* ledger = nullptr;
  LogOptions options;      // of whoever opens it next
  std::uint64_t seed = 0;  // of what that one does then
  int boot = 0;            // which boot of the machine the state was left in
};

// What came of opening a state and going on with it.
struct CheckedState {
  std::vector<std::string> wrong;   // sentences; none: all is as it should be
  std::vector<RecordedCall> calls;  // from the opening on
  StoreLedger ledger;               // of the state, and of what was done since
  bool went_on = false;             // the store was opened, and all that followed was done
  int boot = 0;                     // that it was opened in
};

// Looks at a state as `verify` does, reads it as a reader does, opens it as a writer does, goes on,
// closes, and opens it again; and holds everything seen against the ledger.
[[nodiscard]] CheckedState check_state(const CrashState& state);

}  // namespace millrace::crash
