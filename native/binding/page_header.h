#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/shard_log.h"

namespace millrace {

// What `read` answers beside the records: six doubles that JavaScript owns. The order is that of
// `PageField` in src/native/addon.ts.
class PageHeader {
 public:
  // nullopt when there is no array, or a shorter one.
  static std::optional<PageHeader> over(std::optional<std::span<double>> out) noexcept {
    if (!out || out->size() < kFields) return std::nullopt;
    return PageHeader(*out);
  }

  void set_page(const Page& page) const noexcept {
    set(page.next, page.first, page.tail, page.at_tail, page.ended);
  }
  // A page of nothing: reading goes on at the first record there is.
  void set_trimmed(const LogStats& stats) const noexcept {
    const bool at_tail = stats.first >= stats.next;
    set(stats.first, stats.first, stats.next, at_tail, at_tail && stats.sealed);
  }
  void set_bytes_needed(std::uint64_t bytes) const noexcept {
    out_[kBytesNeeded] = static_cast<double>(bytes);
  }

 private:
  enum Field : std::uint8_t { kNext, kFirst, kTail, kAtTail, kEnded, kBytesNeeded, kFields };

  explicit PageHeader(std::span<double> out) noexcept : out_(out) {}

  void set(Sequence next, Sequence first, Sequence tail, bool at_tail, bool ended) const noexcept {
    out_[kNext] = static_cast<double>(next.value);
    out_[kFirst] = static_cast<double>(first.value);
    out_[kTail] = static_cast<double>(tail.value);
    out_[kAtTail] = at_tail ? 1 : 0;
    out_[kEnded] = ended ? 1 : 0;
  }

  std::span<double> out_;
};

}  // namespace millrace
