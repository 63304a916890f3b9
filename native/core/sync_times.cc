#include "core/sync_times.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace millrace {

std::size_t sync_bucket_of(std::uint64_t nanoseconds) noexcept {
  if (nanoseconds == 0) return 0;
  // The end of a bucket is in it, hence the one less.
  const std::uint64_t whole = (nanoseconds - 1) / kFirstSyncBucketNs;
  return std::min(static_cast<std::size_t>(std::bit_width(whole)), kSyncBuckets - 1);
}

std::uint64_t SyncTotals::count() const noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

void SyncTimes::add(std::uint64_t nanoseconds, bool succeeded) noexcept {
  counts_[sync_bucket_of(nanoseconds)].fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(nanoseconds, std::memory_order_relaxed);
  if (!succeeded) failed_.fetch_add(1, std::memory_order_relaxed);
}

SyncTotals SyncTimes::totals() const noexcept {
  SyncTotals totals;
  for (std::size_t bucket = 0; bucket < kSyncBuckets; ++bucket) {
    totals.counts[bucket] = counts_[bucket].load(std::memory_order_relaxed);
  }
  totals.nanoseconds = nanoseconds_.load(std::memory_order_relaxed);
  totals.failed = failed_.load(std::memory_order_relaxed);
  return totals;
}

}  // namespace millrace
