#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace millrace {

// Numbers that must not be mixed up are types.

// A byte's place in one file, from its first byte.
struct FileOffset {
  std::uint64_t bytes = 0;
  auto operator<=>(const FileOffset&) const = default;
};

// A byte's place in one log, across its segments: the sum of the frames before it. Never leaves
// native/core.
struct LogPosition {
  std::uint64_t bytes = 0;
  auto operator<=>(const LogPosition&) const = default;
};

// A record's place in the order of its log. Starts at 1, grows strictly, gaps are allowed.
struct Sequence {
  std::uint64_t value = 0;
  auto operator<=>(const Sequence&) const = default;
};

// When a record arrived, in milliseconds since 1970 as the caller's clock says.
struct ArrivalTime {
  std::int64_t ms = 0;
  auto operator<=>(const ArrivalTime&) const = default;
};

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;
inline constexpr std::size_t kPageBytes = 4096;  // the unit of mappings and populating

// The first sequence number of every log. 0 is left for "before everything".
inline constexpr Sequence kFirstSequence{1};
// JavaScript holds sequence numbers exactly below this.
inline constexpr std::uint64_t kSequenceLimit = std::uint64_t{1} << 53;

}  // namespace millrace
