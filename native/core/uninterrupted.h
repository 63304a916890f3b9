#pragma once

#include <cerrno>

#include "core/result.h"

namespace millrace {

// Repeats a call of an Env for as long as a signal interrupts it before it did anything. A call
// that is interrupted a hundred times in a row is reported instead.
template <typename Call>
[[nodiscard]] auto uninterrupted(Call call) {
  constexpr int kRoundsMax = 100;
  for (int round = 1;; ++round) {
    auto result = call();
    if (result.ok() || result.error().sys_errno != EINTR || round == kRoundsMax) return result;
  }
}

}  // namespace millrace
