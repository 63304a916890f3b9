#pragma once

#include <cstdint>
#include <span>

#include "core/bytes.h"
#include "core/result.h"

// What POSIX systems say of the page cache: posix_residency_linux.cc, posix_residency_macos.cc. For
// env_posix.cc only.
namespace millrace::posix {

// Env::residency.
Result<void> residency(Bytes pages, std::span<std::uint8_t> resident);

// Env::load.
Result<void> load(Bytes pages);

// What madvise(2) calls pages that nobody will want soon; advice that changes nothing where there
// is no such word.
[[nodiscard]] int cold_advice() noexcept;

}  // namespace millrace::posix
