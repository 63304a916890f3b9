#pragma once

#include <cstddef>

#include "core/bytes.h"

namespace millrace::test {

// A page of bytes between two pages that nobody may touch: a read or write that strays outside of
// it, by whatever instruction, ends the process.
class GuardedBytes {
 public:
  GuardedBytes();
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;
  ~GuardedBytes();

  [[nodiscard]] MutableBytes bytes() const noexcept { return bytes_; }
  // The last `count` bytes of the page, and its first.
  [[nodiscard]] MutableBytes last(std::size_t count) const noexcept { return bytes_.last(count); }
  [[nodiscard]] MutableBytes first(std::size_t count) const noexcept { return bytes_.first(count); }

 private:
  MutableBytes mapping_;
  MutableBytes bytes_;
};

}  // namespace millrace::test
