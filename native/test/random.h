#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/bytes.h"

namespace millrace::test {

// Repeatable randomness for property tests (xoshiro256**). Every run draws the same numbers unless
// MILLRACE_SEED names another seed, or says "random" for a fresh one; a failing test prints the
// seed it drew from. Not thread-safe: one object a thread.
class Random {
 public:
  Random();
  explicit Random(std::uint64_t seed) noexcept;

  [[nodiscard]] std::uint64_t next() noexcept;
  // Below `limit`, which is not 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) noexcept;
  // From `low` to `high`, both included.
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept;
  // True once in `rounds` calls, on average.
  [[nodiscard]] bool once_in(std::uint64_t rounds) noexcept { return below(rounds) == 0; }

  void fill(MutableBytes into) noexcept;
  [[nodiscard]] std::vector<std::byte> bytes(std::size_t count);

 private:
  void seed_with(std::uint64_t seed) noexcept;

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace millrace::test
