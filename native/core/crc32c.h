#pragma once

#include <cstdint>

#include "core/bytes.h"

namespace millrace {

// CRC-32C (Castagnoli, RFC 3720): the checksum of everything on disk. Values are in the standard,
// finalised form: the CRC of "123456789" is 0xe3069283, of no bytes 0. The fastest implementation
// this machine can run is chosen at the first call. Any thread.

// The CRC of a followed by `bytes`, given the CRC of a.
[[nodiscard]] std::uint32_t crc32c_extend(std::uint32_t crc, Bytes bytes) noexcept;

[[nodiscard]] inline std::uint32_t crc32c(Bytes bytes) noexcept { return crc32c_extend(0, bytes); }

}  // namespace millrace
