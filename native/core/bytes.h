#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace millrace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian on disk");
static_assert(sizeof(void*) == 8, "segments are mapped whole: a 32-bit address space is too small");

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

// Copies a fixed-width value out of bytes that may be unaligned or mapped.
template <typename T>
  requires std::is_trivially_copyable_v<T>
[[nodiscard]] inline T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
  requires std::is_trivially_copyable_v<T>
inline void store(std::byte* to, const T& value) noexcept {
  std::memcpy(to, &value, sizeof(T));
}

// The bytes of a fixed-width structure, for checksums and writes.
template <typename T>
  requires std::is_trivially_copyable_v<T>
[[nodiscard]] inline Bytes bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}

// `alignment` is a power of two; `value` is far from the top of its range.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T align_up(T value, T alignment) noexcept {
  return (value + (alignment - 1)) & ~(alignment - 1);
}

template <std::unsigned_integral T>
[[nodiscard]] constexpr T align_down(T value, T alignment) noexcept {
  return value & ~(alignment - 1);
}

inline constexpr std::size_t kCacheLineBytes = 64;

// Asks the processor for memory that is read, or stored to, in a moment. Never faults.
inline void fetch_for_reading(Bytes bytes) noexcept {
  for (std::size_t at = 0; at < bytes.size(); at += kCacheLineBytes) {
    __builtin_prefetch(bytes.data() + at, 0);
  }
}
inline void fetch_for_writing(MutableBytes bytes) noexcept {
  for (std::size_t at = 0; at < bytes.size(); at += kCacheLineBytes) {
    __builtin_prefetch(bytes.data() + at, 1);
  }
}

}  // namespace millrace
