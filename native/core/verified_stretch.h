#pragma once

#include <algorithm>

#include "core/units.h"

namespace millrace {

// The frames of one segment whose checksums were found good: one stretch, which reading on extends
// and reading elsewhere replaces. What lies in it is not verified again.
class VerifiedStretch {
 public:
  // Whether the frame at `at` was found good before.
  [[nodiscard]] bool holds(FileOffset at) const noexcept { return at >= from_ && at < to_; }
  // The frames from `from` to `to` are good.
  void add(FileOffset from, FileOffset to) noexcept {
    if (to <= from) return;
    const bool adjoins = from <= to_ && to >= from_;
    from_ = adjoins ? std::min(from, from_) : from;
    to_ = adjoins ? std::max(to, to_) : to;
  }

 private:
  FileOffset from_;
  FileOffset to_;
};

}  // namespace millrace
