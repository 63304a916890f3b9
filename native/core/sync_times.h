#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace millrace {

// Buckets of durations, each twice as wide as the one before: up to 16 microseconds, 32, 64, …, up
// to 16.8 seconds, and longer. What took exactly as long as a bucket's end is in it.
inline constexpr std::size_t kSyncBuckets = 22;
inline constexpr std::uint64_t kFirstSyncBucketNs = 16'000;

// The end of a bucket, but of the last one, which has none.
[[nodiscard]] constexpr std::uint64_t sync_bucket_end_ns(std::size_t bucket) noexcept {
  return kFirstSyncBucketNs << bucket;
}
[[nodiscard]] std::size_t sync_bucket_of(std::uint64_t nanoseconds) noexcept;

// Syncs until some moment, those that failed included.
struct SyncTotals {
  std::array<std::uint64_t, kSyncBuckets> counts{};  // by bucket, not summed up
  std::uint64_t nanoseconds = 0;                     // all of them together
  std::uint64_t failed = 0;

  [[nodiscard]] std::uint64_t count() const noexcept;
  bool operator==(const SyncTotals&) const = default;
};

// Counts syncs and how long they took. Any thread may call; nobody waits.
class SyncTimes {
 public:
  void add(std::uint64_t nanoseconds, bool succeeded) noexcept;
  // Of a sync that ends in this very moment some of the three may be in it, and others not yet.
  [[nodiscard]] SyncTotals totals() const noexcept;

 private:
  // Relaxed throughout: each number stands for itself, and publishes nothing.
  std::array<std::atomic<std::uint64_t>, kSyncBuckets> counts_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
  std::atomic<std::uint64_t> failed_{0};
};

}  // namespace millrace
