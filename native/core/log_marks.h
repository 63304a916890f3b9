#pragma once

#include <atomic>
#include <cstdint>

#include "core/units.h"

namespace millrace {

// How far a log has come, for threads of its process other than the one that appends. Moved
// forward by the appender after the control page's marks. Relaxed throughout: bytes are published
// by the control page, these are for reports, and each is true at some moment of the log.
class LogMarks {
 public:
  void move(Sequence next, LogPosition tail, ArrivalTime arrival) noexcept {
    arrival_ms_.store(arrival.ms, std::memory_order_relaxed);
    tail_.store(tail.bytes, std::memory_order_relaxed);
    next_.store(next.value, std::memory_order_relaxed);
  }
  void seal() noexcept { sealed_.store(true, std::memory_order_relaxed); }

  // The sequence number behind the last published frame.
  [[nodiscard]] Sequence next() const noexcept { return {next_.load(std::memory_order_relaxed)}; }
  [[nodiscard]] LogPosition tail() const noexcept {
    return {tail_.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] ArrivalTime last_arrival() const noexcept {
    return {arrival_ms_.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] bool sealed() const noexcept { return sealed_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> next_{kFirstSequence.value};
  std::atomic<std::uint64_t> tail_{0};
  std::atomic<std::int64_t> arrival_ms_{0};
  std::atomic<bool> sealed_{false};
};

}  // namespace millrace
