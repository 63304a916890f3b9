#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/bytes.h"

namespace millrace::fuzz {

// An input, read as decisions from front to back. Behind its end every decision is 0, and 0 always
// decides for what is usual: so a short input is a small departure from something valid, and each
// mutation is another one.
class ByteSource {
 public:
  explicit ByteSource(Bytes input) noexcept : rest_(input) {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

  template <typename T>
  T number() noexcept {
    T value{};
    const std::size_t count = std::min(sizeof(T), rest_.size());
    std::memcpy(&value, rest_.data(), count);
    rest_ = rest_.subspan(count);
    return value;
  }
  std::uint8_t byte() noexcept { return number<std::uint8_t>(); }
  // Below `limit`, which is 1 to 256.
  std::size_t below(std::size_t limit) noexcept { return byte() % limit; }
  Bytes bytes(std::size_t count_max) noexcept {
    const Bytes taken = rest_.first(std::min(count_max, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  Bytes rest() noexcept { return bytes(rest_.size()); }

  // The value, mostly as it is: else near it, with one bit flipped, or any other.
  std::uint64_t altered(std::uint64_t value) noexcept {
    switch (byte()) {
      case 1:
        return value + static_cast<std::uint64_t>(std::int64_t{number<std::int8_t>()});
      case 2:
        return value ^ std::uint64_t{1} << below(64);
      case 3:
        return number<std::uint64_t>();
      case 4:
        return value + static_cast<std::uint64_t>(std::int64_t{number<std::int32_t>()});
      default:
        return value;
    }
  }
  template <typename T>
  T altered_as(T value) noexcept {
    return static_cast<T>(altered(static_cast<std::uint64_t>(value)));
  }

 private:
  Bytes rest_;
};

}  // namespace millrace::fuzz
