#pragma once

#include <atomic>
#include <cassert>
#include <cstdint>

#include "core/units.h"

namespace millrace {

// Where a log ends.
struct LogEnd {
  Sequence next = kFirstSequence;  // behind the last published frame
  bool sealed = false;             // that frame is the end of the shard, and no record
};

// How far a log has come, for threads of its process other than the one that appends. Moved
// forward by the appender after the control page's marks.
class LogMarks {
 public:
  void move(const LogEnd& end, LogPosition tail, ArrivalTime arrival) noexcept {
    assert(end.next.value < kSealed);
    // Relaxed: for reports, and each is true at some moment of the log.
    arrival_ms_.store(arrival.ms, std::memory_order_relaxed);
    tail_.store(tail.bytes, std::memory_order_relaxed);
    // Release: whoever sees this end also sees the control page's marks, by which it is read.
    end_.store(end.next.value | (end.sealed ? kSealed : 0), std::memory_order_release);
  }

  // Acquire pairs with the release in move().
  [[nodiscard]] LogEnd end() const noexcept {
    const std::uint64_t end = end_.load(std::memory_order_acquire);
    return {.next = {end & ~kSealed}, .sealed = (end & kSealed) != 0};
  }
  // Relaxed: as in move().
  [[nodiscard]] LogPosition tail() const noexcept {
    return {tail_.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] ArrivalTime last_arrival() const noexcept {
    return {arrival_ms_.load(std::memory_order_relaxed)};
  }

 private:
  // In one word with the number, which is below kSequenceLimit: seen apart, the end of the shard
  // would be counted as a record, or the last record as the end.
  static constexpr std::uint64_t kSealed = std::uint64_t{1} << 63;

  std::atomic<std::uint64_t> end_{kFirstSequence.value};
  std::atomic<std::uint64_t> tail_{0};
  std::atomic<std::int64_t> arrival_ms_{0};
};

}  // namespace millrace
