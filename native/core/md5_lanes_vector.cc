#if defined(__GNUC__)

#include "core/md5_lane_kernels.h"
#include "core/md5_rounds.h"

namespace millrace {
namespace {

constexpr std::size_t kLanes = 4;
using Words [[gnu::vector_size(4 * kLanes)]] = std::uint32_t;

}  // namespace

void md5_4_lanes(const Md5Key* keys, Md5Digest* out) noexcept {
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

#endif
