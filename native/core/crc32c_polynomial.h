#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace millrace {

// Arithmetic of CRC-32C at compile time. Polynomials over GF(2) modulo the Castagnoli polynomial
// are held reflected, as the CRC is: bit 31 is the coefficient of x^0.
inline constexpr std::uint32_t kCastagnoli = 0x82f63b78;

// p * x
[[nodiscard]] constexpr std::uint32_t times_x(std::uint32_t p) noexcept {
  return (p >> 1) ^ ((p & 1) != 0 ? kCastagnoli : 0);
}

// a * b
[[nodiscard]] constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) noexcept {
  std::uint32_t product = 0;
  for (std::uint32_t term = 0x80000000; term != 0; term >>= 1) {
    if ((b & term) != 0) product ^= a;
    a = times_x(a);
  }
  return product;
}

// x^exponent
[[nodiscard]] constexpr std::uint32_t x_to_the(std::uint64_t exponent) noexcept {
  std::uint32_t power = 0x80000000;  // x^0
  for (std::uint32_t square = 0x40000000; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}

// The multiplier that moves 128 bits of message forward by `bits`, for a carry-less multiplication
// of 64-bit halves: the product of two reflected halves lacks one shift and the constant sits 31
// bits low in its half, which together are x^32.
struct FoldMultiplier {
  std::uint64_t low_half;   // multiplies the half that comes first in the message
  std::uint64_t high_half;  // and the one behind it
};

[[nodiscard]] constexpr FoldMultiplier fold_by(std::uint64_t bits) noexcept {
  return {std::uint64_t{x_to_the(bits + 32)} << 1, std::uint64_t{x_to_the(bits - 32)} << 1};
}

// Three streams of up to kStreamWordsMax words of 8 bytes each are joined with two multiplications:
// kWordShift[w] moves a CRC past w words. The carry-less product of two 32-bit values is then
// reduced by the crc32 instruction, and both steps together multiply by x^33.
inline constexpr std::size_t kStreamWordsMax = 256;

inline constexpr auto kWordShift = [] {
  std::array<std::uint32_t, 2 * kStreamWordsMax + 1> shift{};
  const std::uint32_t x_to_the_64 = x_to_the(64);
  shift[1] = x_to_the(64 - 33);
  for (std::size_t words = 2; words < shift.size(); ++words) {
    shift[words] = multiply(shift[words - 1], x_to_the_64);
  }
  return shift;
}();

}  // namespace millrace
