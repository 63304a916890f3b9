#if defined(__aarch64__) && defined(__GNUC__) && \
    (!defined(__clang__) || (defined(__ARM_FEATURE_CRC32) && defined(__ARM_FEATURE_AES)))

#include <arm_acle.h>
#include <arm_neon.h>

#include <algorithm>
#include <cstddef>

#include "core/crc32c_kernels.h"
#include "core/crc32c_polynomial.h"

// Clang comes here only when both are part of the baseline.
#if !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("+crc+crypto")
#endif

namespace millrace {
namespace {

// As in crc32c_sse42.cc: the instruction answers late and can start every cycle.
constexpr std::size_t kStreams = 3;
constexpr std::size_t kInterleaveMin = 128;

std::uint32_t shifted(std::uint32_t state, std::uint32_t shift) noexcept {
  const poly128_t product = vmull_p64(state, shift);
  return __crc32cd(0, vgetq_lane_u64(vreinterpretq_u64_p128(product), 0));
}

}  // namespace

std::uint32_t crc32c_arm64(std::uint32_t crc, Bytes bytes) noexcept {
  std::uint32_t state = ~crc;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  while (left >= kInterleaveMin) {
    const std::size_t words = std::min(left / (kStreams * 8), kStreamWordsMax);
    const std::size_t stream_bytes = words * 8;
    const std::byte* const end = at + stream_bytes;
    std::uint32_t second = 0;
    std::uint32_t third = 0;
    for (; at != end; at += 8) {
      state = __crc32cd(state, load<std::uint64_t>(at));
      second = __crc32cd(second, load<std::uint64_t>(at + stream_bytes));
      third = __crc32cd(third, load<std::uint64_t>(at + 2 * stream_bytes));
    }
    state = shifted(state, kWordShift[2 * words]) ^ shifted(second, kWordShift[words]) ^ third;
    at += 2 * stream_bytes;
    left -= kStreams * stream_bytes;
  }
  for (; left >= 8; at += 8, left -= 8) state = __crc32cd(state, load<std::uint64_t>(at));
  for (; left > 0; ++at, --left) state = __crc32cb(state, std::to_integer<std::uint8_t>(*at));
  return ~state;
}

}  // namespace millrace

#if !defined(__clang__)
#pragma GCC pop_options
#endif

#endif
