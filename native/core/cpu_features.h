#pragma once

namespace millrace {

// Which families of kernels this build holds. A platform file guards its whole body with the same
// condition; callers choose with `if constexpr`, so that absent kernels are never referred to.
#if defined(__x86_64__) && defined(__GNUC__)
inline constexpr bool kX86Kernels = true;
#else
inline constexpr bool kX86Kernels = false;
#endif

// Clang declares the CRC instructions only where they are part of the baseline.
#if defined(__aarch64__) && defined(__GNUC__) && \
    (!defined(__clang__) || (defined(__ARM_FEATURE_CRC32) && defined(__ARM_FEATURE_AES)))
inline constexpr bool kArm64Kernels = true;
#else
inline constexpr bool kArm64Kernels = false;
#endif

// Vector types of the language, lowered to what the baseline has.
#if defined(__GNUC__)
inline constexpr bool kVectorKernels = true;
#else
inline constexpr bool kVectorKernels = false;
#endif

// What this machine and its system can run, asked once.
struct CpuFeatures {
  bool sse42_pclmul = false;  // crc32, 64-bit carry-less multiplication
  bool avx2 = false;
  bool avx512bw = false;    // with F: 512-bit registers, byte masks
  bool vpclmulqdq = false;  // with avx512bw: four carry-less multiplications at once
  bool arm_crc_pmull = false;
};

[[nodiscard]] const CpuFeatures& cpu_features() noexcept;

}  // namespace millrace
