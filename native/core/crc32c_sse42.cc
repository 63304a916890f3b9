#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include <algorithm>
#include <cstddef>

#include "core/crc32c_kernels.h"
#include "core/crc32c_polynomial.h"

namespace millrace {
namespace {

// The instruction answers after three cycles and can start every cycle: one stream would wait.
constexpr std::size_t kStreams = 3;
// Below this, joining the streams costs more than they gain. Bytes, measured.
constexpr std::size_t kInterleaveMin = 128;

[[gnu::target("sse4.2,pclmul")]] std::uint64_t shifted(std::uint64_t state,
                                                       std::uint32_t shift) noexcept {
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(state)),
                                               _mm_cvtsi32_si128(static_cast<int>(shift)), 0);
  return _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(product)));
}

}  // namespace

[[gnu::target("sse4.2,pclmul")]] std::uint32_t crc32c_sse42(std::uint32_t crc,
                                                            Bytes bytes) noexcept {
  std::uint64_t state = ~crc;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  while (left >= kInterleaveMin) {
    const std::size_t words = std::min(left / (kStreams * 8), kStreamWordsMax);
    const std::size_t stream_bytes = words * 8;
    const std::byte* const end = at + stream_bytes;
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (; at != end; at += 8) {
      state = _mm_crc32_u64(state, load<std::uint64_t>(at));
      second = _mm_crc32_u64(second, load<std::uint64_t>(at + stream_bytes));
      third = _mm_crc32_u64(third, load<std::uint64_t>(at + 2 * stream_bytes));
    }
    state = shifted(state, kWordShift[2 * words]) ^ shifted(second, kWordShift[words]) ^ third;
    at += 2 * stream_bytes;
    left -= kStreams * stream_bytes;
  }
  for (; left >= 8; at += 8, left -= 8) state = _mm_crc32_u64(state, load<std::uint64_t>(at));
  std::uint32_t last = static_cast<std::uint32_t>(state);
  if (left >= 4) {
    last = _mm_crc32_u32(last, load<std::uint32_t>(at));
    at += 4;
    left -= 4;
  }
  for (; left > 0; ++at, --left) last = _mm_crc32_u8(last, std::to_integer<std::uint8_t>(*at));
  return ~last;
}

}  // namespace millrace

#endif
