#if defined(__x86_64__) && defined(__GNUC__)

#include "core/md5_lane_kernels.h"

// GCC splits vectors before it inlines, so the steps themselves must be compiled for AVX2; clang
// inlines them first.
#if !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#include "core/md5_rounds.h"

namespace millrace {
namespace {

constexpr std::size_t kLanes = 8;
using Words [[gnu::vector_size(4 * kLanes)]] = std::uint32_t;

}  // namespace

[[gnu::target("avx2")]] void md5_8_lanes_avx2(const Md5Key* keys, Md5Digest* out) noexcept {
  const Md5LaneBlocks<kLanes> blocks(keys);
  std::array<Words, kMd5BlockWords> block;
  std::memcpy(block.data(), blocks.words.data(), sizeof(block));
  std::array<Words, 4> state;
  for (std::size_t i = 0; i < 4; ++i) state[i] = Words{} + kMd5Start[i];
  md5_compress(state, block.data());
  std::array<std::array<std::uint32_t, kLanes>, 4> words;
  std::memcpy(words.data(), state.data(), sizeof(words));
  store_md5_digests(words, out);
}

}  // namespace millrace

#if !defined(__clang__)
#pragma GCC pop_options
#endif

#endif
