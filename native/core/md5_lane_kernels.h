#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/md5_lanes.h"

namespace millrace {

// The vector kernels behind md5_batch, for its dispatch, its tests and benches. A kernel hashes as
// many keys as it has lanes, each of at most 55 bytes.
using Md5LaneKernel = void (*)(const Md5Key* keys, Md5Digest* out) noexcept;

void md5_16_lanes_avx512(const Md5Key* keys, Md5Digest* out) noexcept;
void md5_8_lanes_avx2(const Md5Key* keys, Md5Digest* out) noexcept;
// 128-bit vectors, which the baseline of x86-64 and ARMv8 has.
void md5_4_lanes(const Md5Key* keys, Md5Digest* out) noexcept;

inline constexpr std::size_t kMd5LanesMax = 16;

struct NamedMd5LaneKernel {
  const char* name;
  std::size_t lanes;
  Md5LaneKernel hash;
};

// Those that this machine can run, the widest first; empty where there are no vectors.
[[nodiscard]] std::span<const NamedMd5LaneKernel> md5_lane_kernels() noexcept;

// md5_batch with the given kernel.
void md5_batch_with(const NamedMd5LaneKernel& kernel, const Md5Key* keys, std::size_t count,
                    Md5Digest* out) noexcept;

// The padded blocks of kLanes keys, word by word: words[w] holds word w of every key.
template <std::size_t kLanes>
struct Md5LaneBlocks {
  alignas(64) std::array<std::array<std::uint32_t, kLanes>, 16> words;

  explicit Md5LaneBlocks(const Md5Key* keys) noexcept {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::array<std::byte, 64> block{};
      const std::size_t length = keys[lane].length;
      if (length > 0) std::memcpy(block.data(), keys[lane].bytes, length);
      block[length] = std::byte{0x80};
      store(block.data() + 56, std::uint64_t{length} * 8);
      for (std::size_t word = 0; word < words.size(); ++word) {
        words[word][lane] = load<std::uint32_t>(block.data() + 4 * word);
      }
    }
  }
};

// Writes digests out of states kept word by word.
template <std::size_t kLanes>
void store_md5_digests(const std::array<std::array<std::uint32_t, kLanes>, 4>& state,
                       Md5Digest* out) noexcept {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t word = 0; word < 4; ++word) {
      store(out[lane].data() + 4 * word, state[word][lane]);
    }
  }
}

}  // namespace millrace
