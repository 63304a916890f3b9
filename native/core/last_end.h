#pragma once

#include <cstdint>

#include "core/control_snapshot.h"

namespace millrace {

// How the last writer left the log.
enum class LastEnd : std::uint8_t {
  kFresh,        // there was none
  kClosed,       // it closed the log
  kProcessDied,  // the page cache has everything it published
  kSystemDied,   // only what was synced is sure (or the log was poisoned)
};

// How a log was left whose control page has these words, seen in the boot `boot_hash`. A state that
// there is not counts as the last of them: check_words() refuses it.
[[nodiscard]] LastEnd last_end_of(const ControlWords& words, std::uint64_t boot_hash) noexcept;

}  // namespace millrace
