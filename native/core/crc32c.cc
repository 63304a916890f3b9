#include "core/crc32c.h"

#include <array>
#include <atomic>
#include <cstddef>

#include "core/cpu_features.h"
#include "core/crc32c_kernels.h"

namespace millrace {
namespace {

struct KernelList {
  std::array<NamedCrc32cKernel, 3> kernels{};
  std::size_t count = 0;

  void add(const char* name, Crc32cKernel extend) noexcept { kernels[count++] = {name, extend}; }
};

KernelList runnable_kernels() noexcept {
  const CpuFeatures& cpu = cpu_features();
  KernelList list;
  if constexpr (kX86Kernels) {
    if (cpu.vpclmulqdq && cpu.sse42_pclmul) list.add("avx512", &crc32c_avx512);
    if (cpu.sse42_pclmul) list.add("sse42", &crc32c_sse42);
  }
  if constexpr (kArm64Kernels) {
    if (cpu.arm_crc_pmull) list.add("arm64", &crc32c_arm64);
  }
  list.add("portable", &crc32c_portable);
  return list;
}

std::uint32_t choose_and_extend(std::uint32_t crc, Bytes bytes) noexcept;

// Relaxed everywhere: it publishes nothing but itself, and every value it ever holds is right.
constinit std::atomic<Crc32cKernel> chosen_kernel{&choose_and_extend};

std::uint32_t choose_and_extend(std::uint32_t crc, Bytes bytes) noexcept {
  const Crc32cKernel best = crc32c_kernels().front().extend;
  chosen_kernel.store(best, std::memory_order_relaxed);
  return best(crc, bytes);
}

}  // namespace

std::span<const NamedCrc32cKernel> crc32c_kernels() noexcept {
  static const KernelList list = runnable_kernels();
  return std::span(list.kernels).first(list.count);
}

std::uint32_t crc32c_extend(std::uint32_t crc, Bytes bytes) noexcept {
  return chosen_kernel.load(std::memory_order_relaxed)(crc, bytes);
}

}  // namespace millrace
