#pragma once

#include <cstdint>
#include <string>

#include "core/control_snapshot.h"
#include "core/env.h"
#include "core/result.h"

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

// Whether what the page cache has of the log may be what a failed write left there. Asked before
// the page is mapped to be stored to, which makes the system write it.
Result<bool> is_cache_suspect(Env& env, const std::string& directory, std::uint64_t boot_hash);

}  // namespace millrace
