#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace millrace {

// How a long scan is watched and ended. What it refers to outlives the scan.
struct ScanWatch {
  // Called on the scanning thread, about every megabyte: bytes done, and of how many.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = nullptr;
  // Set by any thread to end the scan soon; nothing is published with it.
  const std::atomic<bool>* stop = nullptr;
};

// Counts what a scan has read. One thread.
class ScanMeter {
 public:
  explicit ScanMeter(const ScanWatch& watch) noexcept : watch_(watch) {}

  void expect(std::uint64_t bytes) noexcept { total_ += bytes; }
  void advance(std::uint64_t bytes) {
    done_ += bytes;
    if (done_ > total_) total_ = done_;  // the store grows while it is read
    if (watch_.progress) watch_.progress(done_, total_);
  }
  [[nodiscard]] bool stopped() const noexcept {
    return watch_.stop != nullptr && watch_.stop->load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t done() const noexcept { return done_; }

 private:
  const ScanWatch& watch_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace millrace
