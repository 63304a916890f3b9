#include "core/md5_lanes.h"

#include <algorithm>
#include <array>

#include "core/cpu_features.h"
#include "core/md5_lane_kernels.h"
#include "core/md5_rounds.h"

namespace millrace {
namespace {

// Fewer keys than this are faster one by one than in mostly empty lanes.
constexpr std::size_t kKeysForLanesMin = 3;

struct Md5KernelList {
  std::array<NamedMd5LaneKernel, 3> kernels{};
  std::size_t count = 0;

  void add(NamedMd5LaneKernel kernel) noexcept { kernels[count++] = kernel; }
};

Md5KernelList runnable_md5_kernels() noexcept {
  const CpuFeatures& cpu = cpu_features();
  Md5KernelList list;
  if constexpr (kX86Kernels) {
    if (cpu.avx512bw) list.add({"avx512", 16, &md5_16_lanes_avx512});
    if (cpu.avx2) list.add({"avx2", 8, &md5_8_lanes_avx2});
  }
  if constexpr (kVectorKernels) list.add({"vector", 4, &md5_4_lanes});
  return list;
}

bool fits_a_lane(const Md5Key& key) noexcept { return key.length <= kMd5OneBlockMax; }

Md5Digest hash_alone(const Md5Key& key) noexcept { return md5(Bytes(key.bytes, key.length)); }

// Hashes at most kernel.lanes keys: the long ones alone, the others in lanes if that pays.
void hash_group(const NamedMd5LaneKernel& kernel, const Md5Key* keys, std::size_t count,
                Md5Digest* out) noexcept {
  const auto short_count = static_cast<std::size_t>(std::count_if(keys, keys + count, fits_a_lane));
  if (short_count == kernel.lanes) {
    kernel.hash(keys, out);
    return;
  }
  if (short_count < kKeysForLanesMin) {
    std::transform(keys, keys + count, out, hash_alone);
    return;
  }
  std::array<Md5Key, kMd5LanesMax> lanes{};  // long keys and missing ones leave their lane empty
  for (std::size_t i = 0; i < count; ++i) {
    if (fits_a_lane(keys[i])) lanes[i] = keys[i];
  }
  std::array<Md5Digest, kMd5LanesMax> digests;
  kernel.hash(lanes.data(), digests.data());
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = fits_a_lane(keys[i]) ? digests[i] : hash_alone(keys[i]);
  }
}

}  // namespace

std::span<const NamedMd5LaneKernel> md5_lane_kernels() noexcept {
  static const Md5KernelList list = runnable_md5_kernels();
  return std::span(list.kernels).first(list.count);
}

void md5_batch_with(const NamedMd5LaneKernel& kernel, const Md5Key* keys, std::size_t count,
                    Md5Digest* out) noexcept {
  for (std::size_t i = 0; i < count; i += kernel.lanes) {
    hash_group(kernel, keys + i, std::min(kernel.lanes, count - i), out + i);
  }
}

void md5_batch(const Md5Key* keys, std::size_t count, Md5Digest* out) noexcept {
  const std::span<const NamedMd5LaneKernel> kernels = md5_lane_kernels();
  if (kernels.empty()) {
    std::transform(keys, keys + count, out, hash_alone);
  } else {
    md5_batch_with(kernels.front(), keys, count, out);
  }
}

}  // namespace millrace
