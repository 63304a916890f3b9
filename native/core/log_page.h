#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/bytes.h"
#include "core/units.h"

namespace millrace {

// Words of one record in the columns of a batch or a page: as in the contract (src/log/log.ts).
namespace column {
inline constexpr std::size_t kKeyAt = 0;
inline constexpr std::size_t kKeyBytes = 1;
inline constexpr std::size_t kDataAt = 2;
inline constexpr std::size_t kDataBytes = 3;
inline constexpr std::size_t kHashKeyAt = 4;
inline constexpr std::size_t kFlags = 5;
inline constexpr std::size_t kStride = 6;
}  // namespace column
inline constexpr std::uint32_t kNoHashKey = 0xffff'ffff;

// Where read answers.
struct PageBuffers {
  MutableBytes bytes;
  std::span<std::uint32_t> columns;
  std::span<double> offsets;
  std::span<double> arrivals_ms;
};

struct PageLimits {
  std::uint64_t payload_bytes = 0;  // keys and payloads; the first record may exceed it
  std::size_t records = 0;
  bool resident_only = false;  // kNotResident rather than waiting for the disk
};

struct Page {
  std::size_t count = 0;
  Sequence next;   // where the next page begins
  Sequence first;  // first readable record
  Sequence tail;   // behind the last readable record
  bool at_tail = false;
  bool ended = false;
};

}  // namespace millrace
