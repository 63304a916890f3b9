#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include "core/md5_lane_kernels.h"

// GCC splits vectors before it inlines, so the steps themselves must be compiled for AVX-512; clang
// inlines them first.
#if !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw")
#endif

#include "core/md5_rounds.h"

namespace millrace {
namespace {

constexpr std::size_t kLanes = 16;
using Words [[gnu::vector_size(4 * kLanes)]] = std::uint32_t;

// The bytes of a key and the bit behind them, the rest of the register zero. What lies behind the
// key is masked away, and may be unmapped.
[[gnu::target("avx512f,avx512bw")]] inline __m512i padded(const Md5Key& key) noexcept {
  const __mmask64 end = __mmask64{1} << key.length;
  return _mm512_mask_set1_epi8(_mm512_maskz_loadu_epi8(end - 1, key.bytes), end,
                               static_cast<char>(0x80));
}

// The zero-masking forms with every lane chosen are the plain instructions; GCC 12 warns about an
// uninitialized operand in its own definition of the plain forms.
constexpr __mmask16 kAllWords = 0xffff;
constexpr __mmask8 kAllPairs = 0xff;

[[gnu::target("avx512f")]] inline void interleave_words(__m512i a, __m512i b, __m512i& low,
                                                        __m512i& high) noexcept {
  low = _mm512_maskz_unpacklo_epi32(kAllWords, a, b);
  high = _mm512_maskz_unpackhi_epi32(kAllWords, a, b);
}

[[gnu::target("avx512f")]] inline void interleave_pairs(__m512i a, __m512i b, __m512i& low,
                                                        __m512i& high) noexcept {
  low = _mm512_maskz_unpacklo_epi64(kAllPairs, a, b);
  high = _mm512_maskz_unpackhi_epi64(kAllPairs, a, b);
}

// The even and the odd 128-bit quarters of both operands.
[[gnu::target("avx512f")]] inline void part_quarters(__m512i a, __m512i b, __m512i& even,
                                                     __m512i& odd) noexcept {
  even = _mm512_maskz_shuffle_i32x4(kAllWords, a, b, 0x88);
  odd = _mm512_maskz_shuffle_i32x4(kAllWords, a, b, 0xdd);
}

// Turns rows of keys into columns: row w then holds word w of every key.
[[gnu::target("avx512f")]] inline void transpose(__m512i* rows) noexcept {
  __m512i half[kLanes];
  for (std::size_t i = 0; i < kLanes; i += 2) {
    interleave_words(rows[i], rows[i + 1], half[i], half[i + 1]);
  }
  for (std::size_t i = 0; i < kLanes; i += 4) {
    interleave_pairs(half[i], half[i + 2], rows[i], rows[i + 1]);
    interleave_pairs(half[i + 1], half[i + 3], rows[i + 2], rows[i + 3]);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    part_quarters(rows[i], rows[i + 4], half[i], half[i + 4]);
    part_quarters(rows[i + 8], rows[i + 12], half[i + 8], half[i + 12]);
  }
  for (std::size_t i = 0; i < 8; ++i) part_quarters(half[i], half[i + 8], rows[i], rows[i + 8]);
}

// Sixteen digests, one behind the other, out of a state kept word by word.
[[gnu::target("avx512f")]] inline void store_digests(const std::array<Words, 4>& state,
                                                     Md5Digest* out) noexcept {
  __m512i words[4];
  std::memcpy(words, state.data(), sizeof(words));
  __m512i pairs[4];
  interleave_words(words[0], words[1], pairs[0], pairs[2]);
  interleave_words(words[2], words[3], pairs[1], pairs[3]);
  // Register n: the digests of lanes n, n + 4, n + 8 and n + 12.
  interleave_pairs(pairs[0], pairs[1], words[0], words[1]);
  interleave_pairs(pairs[2], pairs[3], words[2], words[3]);
  std::array<Md5Digest, kLanes> scattered;
  std::memcpy(scattered.data(), words, sizeof(words));
  for (std::size_t lane = 0; lane < kLanes; ++lane) out[lane] = scattered[lane % 4 * 4 + lane / 4];
}

}  // namespace

[[gnu::target("avx512f,avx512bw")]] void md5_16_lanes_avx512(const Md5Key* keys,
                                                             Md5Digest* out) noexcept {
  __m512i rows[kLanes];
  std::array<std::uint32_t, kLanes> bits;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    rows[lane] = padded(keys[lane]);
    bits[lane] = keys[lane].length * 8;
  }
  transpose(rows);
  std::array<Words, kMd5BlockWords> block;
  std::memcpy(block.data(), rows, sizeof(block));
  std::memcpy(&block[kMd5BlockWords - 2], bits.data(), sizeof(Words));
  std::array<Words, 4> state;
  for (std::size_t i = 0; i < 4; ++i) state[i] = Words{} + kMd5Start[i];
  md5_compress(state, block.data());
  store_digests(state, out);
}

}  // namespace millrace

#if !defined(__clang__)
#pragma GCC pop_options
#endif

#endif
