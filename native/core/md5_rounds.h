#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

// The 64 steps of MD5, written once for a word and for vectors of words. A kernel that wants wider
// instructions includes this header last, behind its choice of a target: the templates then belong
// to that target, and no two kernels share a vector type.
namespace millrace {

inline constexpr std::size_t kMd5BlockBytes = 64;
inline constexpr std::size_t kMd5BlockWords = 16;
// A longer key needs a second block: 0x80 and the length in bits must fit behind it.
inline constexpr std::size_t kMd5OneBlockMax = kMd5BlockBytes - 9;

inline constexpr std::array<std::uint32_t, 4> kMd5Start{0x67452301, 0xefcdab89, 0x98badcfe,
                                                        0x10325476};

// The integer part of 2^32 |sin(step + 1)|.
inline constexpr std::array<std::uint32_t, 64> kMd5Sines{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

inline constexpr std::array<std::array<int, 4>, 4> kMd5Rotations{
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

// Step `kStep` on `state` (a, b, c, d by its number), which mixes in one word of the block.
template <std::size_t kStep, typename Word>
[[gnu::always_inline]] inline void md5_step(std::array<Word, 4>& state,
                                            const Word* block) noexcept {
  constexpr std::size_t kRound = kStep / 16;
  constexpr std::array<std::size_t, 4> kWordOf{kStep % 16, (5 * kStep + 1) % 16,
                                               (3 * kStep + 5) % 16, (7 * kStep) % 16};
  constexpr int kLeft = kMd5Rotations[kRound][kStep % 4];
  Word& a = state[(64 - kStep) % 4];
  const Word& b = state[(65 - kStep) % 4];
  const Word& c = state[(66 - kStep) % 4];
  const Word& d = state[(67 - kStep) % 4];
  Word sum = a + (block[kWordOf[kRound]] + kMd5Sines[kStep]);
  // Written so that b, which the step before has just made, comes in as late as possible.
  if constexpr (kRound == 0) {
    sum += d ^ (b & (c ^ d));
  } else if constexpr (kRound == 1) {
    sum = (sum + (c & ~d)) + (b & d);  // no bit is set in both: a sum is their union
  } else if constexpr (kRound == 2) {
    sum += b ^ (c ^ d);
  } else {
    sum += c ^ (b | ~d);
  }
  a = b + ((sum << kLeft) | (sum >> (32 - kLeft)));
}

// Mixes one block into the state.
template <typename Word>
[[gnu::always_inline]] inline void md5_compress(std::array<Word, 4>& state,
                                                const Word* block) noexcept {
  std::array<Word, 4> next = state;
  [&]<std::size_t... kSteps>(std::index_sequence<kSteps...>) __attribute__((always_inline)) {
    (md5_step<kSteps>(next, block), ...);
  }(std::make_index_sequence<64>());
  for (std::size_t i = 0; i < 4; ++i) state[i] += next[i];
}

}  // namespace millrace
