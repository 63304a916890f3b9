#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include <array>
#include <cstddef>

#include "core/crc32c_kernels.h"
#include "core/crc32c_polynomial.h"

namespace millrace {
namespace {

// Below this, crc32c_sse42 is faster. Bytes, measured.
constexpr std::size_t kFoldMin = 256;
constexpr std::size_t kRegisterBytes = 64;
constexpr std::size_t kStepBytes = 4 * kRegisterBytes;

[[gnu::target("avx512f")]] inline __m512i load_register(const std::byte* at) noexcept {
  return _mm512_loadu_si512(at);
}

// The same multiplier for each of the four 128-bit parts of a register.
[[gnu::target("avx512f")]] inline __m512i multiplier(FoldMultiplier by) noexcept {
  const auto low = static_cast<long long>(by.low_half);
  const auto high = static_cast<long long>(by.high_half);
  return _mm512_set_epi64(high, low, high, low, high, low, high, low);
}

// Moves `message` forward by what `by` says and adds it to `onto`.
[[gnu::target("avx512f,vpclmulqdq")]] inline __m512i fold(__m512i message, __m512i by,
                                                          __m512i onto) noexcept {
  constexpr int kXorOfThree = 0x96;
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(message, by, 0x00),
                                   _mm512_clmulepi64_epi128(message, by, 0x11), onto, kXorOfThree);
}

}  // namespace

[[gnu::target("avx512f,vpclmulqdq")]] std::uint32_t crc32c_avx512(std::uint32_t crc,
                                                                  Bytes bytes) noexcept {
  if (bytes.size() < kFoldMin) return crc32c_sse42(crc, bytes);
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  const __m512i state = _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(~crc)));
  __m512i part0 = _mm512_xor_si512(load_register(at), state);
  __m512i part1 = load_register(at + kRegisterBytes);
  __m512i part2 = load_register(at + 2 * kRegisterBytes);
  __m512i part3 = load_register(at + 3 * kRegisterBytes);
  at += kStepBytes;
  left -= kStepBytes;
  const __m512i by_step = multiplier(fold_by(8 * kStepBytes));
  for (; left >= kStepBytes; at += kStepBytes, left -= kStepBytes) {
    part0 = fold(part0, by_step, load_register(at));
    part1 = fold(part1, by_step, load_register(at + kRegisterBytes));
    part2 = fold(part2, by_step, load_register(at + 2 * kRegisterBytes));
    part3 = fold(part3, by_step, load_register(at + 3 * kRegisterBytes));
  }
  const __m512i by_register = multiplier(fold_by(8 * kRegisterBytes));
  const __m512i by_two = multiplier(fold_by(16 * kRegisterBytes));
  part1 = fold(part0, by_register, part1);
  part3 = fold(part2, by_register, part3);
  part3 = fold(part1, by_two, part3);
  for (; left >= kRegisterBytes; at += kRegisterBytes, left -= kRegisterBytes) {
    part3 = fold(part3, by_register, load_register(at));
  }
  // What is left is a message of 64 bytes with the same remainder, behind a state of zero.
  alignas(kRegisterBytes) std::array<std::byte, kRegisterBytes> remainder;
  _mm512_store_si512(remainder.data(), part3);
  return crc32c_sse42(crc32c_sse42(~std::uint32_t{0}, remainder), Bytes(at, left));
}

}  // namespace millrace

#endif
