#include "core/cpu_features.h"

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace millrace {
namespace {

#if defined(__x86_64__) && defined(__GNUC__)

CpuFeatures detect() noexcept {
  __builtin_cpu_init();
  CpuFeatures features;
  features.sse42_pclmul = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
  features.avx2 = __builtin_cpu_supports("avx2");
  features.avx512bw = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
  features.vpclmulqdq = features.avx512bw && __builtin_cpu_supports("vpclmulqdq");
  return features;
}

#elif defined(__aarch64__) && defined(__linux__)

CpuFeatures detect() noexcept {
  constexpr unsigned long kNeeded = HWCAP_CRC32 | HWCAP_PMULL;
  CpuFeatures features;
  features.arm_crc_pmull = (getauxval(AT_HWCAP) & kNeeded) == kNeeded;
  return features;
}

#elif defined(__aarch64__) && defined(__APPLE__)

// Every 64-bit ARM processor that runs macOS has both.
CpuFeatures detect() noexcept {
  CpuFeatures features;
  features.arm_crc_pmull = true;
  return features;
}

#else

CpuFeatures detect() noexcept { return {}; }

#endif

}  // namespace

const CpuFeatures& cpu_features() noexcept {
  static const CpuFeatures features = detect();
  return features;
}

}  // namespace millrace
