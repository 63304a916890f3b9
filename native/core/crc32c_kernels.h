#pragma once

#include <cstdint>
#include <span>

#include "core/bytes.h"

namespace millrace {

// The implementations behind crc32c_extend, for its dispatch, its tests and benches.
using Crc32cKernel = std::uint32_t (*)(std::uint32_t crc, Bytes bytes) noexcept;

// Eight table look-ups for 8 bytes. Everywhere.
std::uint32_t crc32c_portable(std::uint32_t crc, Bytes bytes) noexcept;
// The crc32 instruction in three interleaved streams, joined by carry-less multiplication.
std::uint32_t crc32c_sse42(std::uint32_t crc, Bytes bytes) noexcept;
// Folds 256 bytes a step in 512-bit registers; short inputs go to crc32c_sse42.
std::uint32_t crc32c_avx512(std::uint32_t crc, Bytes bytes) noexcept;
// As crc32c_sse42, with the instructions of ARMv8.
std::uint32_t crc32c_arm64(std::uint32_t crc, Bytes bytes) noexcept;

struct NamedCrc32cKernel {
  const char* name;
  Crc32cKernel extend;
};

// Those that this machine can run, the fastest first; never empty.
[[nodiscard]] std::span<const NamedCrc32cKernel> crc32c_kernels() noexcept;

}  // namespace millrace
