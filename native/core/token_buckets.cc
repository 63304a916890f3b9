#include "core/token_buckets.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace millrace {
namespace {

constexpr std::int64_t kThousand = 1000;
// No debt is larger, so that sums stay within 64 bits: it takes centuries to pay.
constexpr std::int64_t kDebtMax = std::int64_t{1} << 60;
// A pause that lasts longer was begun before the clock was set back.
constexpr std::int64_t kPauseMsMax = 10'000;
// Nobody is so late with what a clock said.
constexpr std::int64_t kLateMsMax = 10'000;
constexpr std::int64_t kNoPause = -(std::int64_t{1} << 60);

std::int64_t tokens_of(double value) noexcept {
  if (!(value > 0)) return 0;  // NaN, too
  if (value >= static_cast<double>(kTokensMax)) return kTokensMax;
  return static_cast<std::int64_t>(value);
}

}  // namespace

TokenBucket::TokenBucket(BucketRate rate, std::int64_t now_ms) noexcept
    : per_second_(rate.per_second),
      capacity_(rate.capacity * kThousand),
      thousandths_(capacity_),
      at_ms_(now_ms),
      paused_until_ms_(kNoPause) {
  assert(rate.per_second >= 1 && rate.per_second <= kTokensMax);
  assert(rate.capacity >= 0 && rate.capacity <= kTokensMax);
}

void TokenBucket::come_in(std::int64_t elapsed_ms) noexcept {
  const std::int64_t missing = capacity_ - thousandths_;
  // Divided, since the product may be larger than 64 bits.
  if (elapsed_ms > missing / per_second_) {
    thousandths_ = capacity_;
  } else {
    thousandths_ += elapsed_ms * per_second_;
  }
}

void TokenBucket::fill(std::int64_t now_ms, std::int64_t& seen_ms) noexcept {
  if (now_ms > at_ms_) come_in(now_ms - at_ms_);
  const bool was_set_back = now_ms < seen_ms;
  if (was_set_back || now_ms > at_ms_) at_ms_ = now_ms;
  seen_ms = now_ms;
}

void TokenBucket::resize(std::int64_t capacity, std::int64_t now_ms,
                         std::int64_t& seen_ms) noexcept {
  const std::int64_t wanted = capacity * kThousand;
  if (wanted == capacity_) return;
  capacity_ = std::max(wanted, capacity_);
  fill(now_ms, seen_ms);
  capacity_ = wanted;
  thousandths_ = std::min(thousandths_, wanted);
}

bool TokenBucket::has(std::int64_t tokens, std::int64_t now_ms, std::int64_t& seen_ms) noexcept {
  fill(now_ms, seen_ms);
  if (paused_until_ms_ - now_ms > kPauseMsMax) paused_until_ms_ = now_ms;
  return now_ms >= paused_until_ms_ && thousandths_ >= tokens * kThousand;
}

void TokenBucket::spend(std::int64_t tokens, std::int64_t pause_ms, std::int64_t now_ms,
                        std::int64_t& seen_ms) noexcept {
  fill(now_ms, seen_ms);
  thousandths_ = std::max(thousandths_ - tokens * kThousand, -kDebtMax);
  if (thousandths_ < 0 && pause_ms > 0) paused_until_ms_ = now_ms + pause_ms;
}

std::optional<std::int64_t> TokenBucket::wait_ms(std::int64_t tokens, std::int64_t now_ms,
                                                 std::int64_t& seen_ms) noexcept {
  fill(now_ms, seen_ms);
  const std::int64_t lacking = tokens * kThousand - thousandths_;
  if (lacking <= 0) return 0;
  if (tokens * kThousand > capacity_) return std::nullopt;
  return (lacking + per_second_ - 1) / per_second_;
}

bool TokenBucket::is_full(std::int64_t now_ms, std::int64_t& seen_ms) noexcept {
  fill(now_ms, seen_ms);
  return thousandths_ == capacity_;
}

bool TokenBucket::would_be_full(std::int64_t now_ms) const noexcept {
  if (paused_until_ms_ > now_ms) return false;
  TokenBucket later = *this;
  if (now_ms > at_ms_) later.come_in(now_ms - at_ms_);
  return later.thousandths_ == capacity_;
}

void TokenBucket::rewind(std::int64_t now_ms) noexcept {
  if (at_ms_ - now_ms > kLateMsMax) at_ms_ = now_ms;
}

BucketShare::BucketShare(std::shared_ptr<BucketGroup> group, std::int64_t now_ms)
    : group_(std::move(group)), seen_ms_(group_->buckets.size(), now_ms) {}

std::size_t BucketShare::take(std::size_t first, std::span<const double> capacities,
                              std::span<const double> amounts, std::span<std::byte> lacks,
                              std::int64_t now_ms) noexcept {
  const std::size_t width = capacities.size();
  assert(first <= size() && width <= size() - first);
  assert(amounts.size() == lacks.size() * width);
  const std::span<TokenBucket> buckets(group_->buckets.data() + first, width);
  const std::span<std::int64_t> seen(seen_ms_.data() + first, width);
  const std::lock_guard lock(group_->mutex);
  for (std::size_t i = 0; i < width; ++i) {
    buckets[i].resize(tokens_of(capacities[i]), now_ms, seen[i]);
  }
  std::size_t refused = 0;
  for (std::size_t row = 0; row < lacks.size(); ++row) {
    const double* const wanted = amounts.data() + row * width;
    std::size_t there = 0;
    while (there < width && buckets[there].has(tokens_of(wanted[there]), now_ms, seen[there])) {
      ++there;
    }
    lacks[row] = static_cast<std::byte>(there == width ? 0 : there + 1);
    if (there < width) {
      ++refused;
      continue;
    }
    for (std::size_t i = 0; i < width; ++i) {
      buckets[i].spend(tokens_of(wanted[i]), 0, now_ms, seen[i]);
    }
  }
  return refused;
}

void BucketShare::spend(std::size_t bucket, std::int64_t tokens, std::int64_t pause_ms,
                        std::int64_t now_ms) noexcept {
  assert(bucket < size());
  const std::lock_guard lock(group_->mutex);
  group_->buckets[bucket].spend(tokens, pause_ms, now_ms, seen_ms_[bucket]);
}

std::optional<std::int64_t> BucketShare::wait_ms(std::size_t bucket, std::int64_t tokens,
                                                 std::int64_t now_ms) noexcept {
  assert(bucket < size());
  const std::lock_guard lock(group_->mutex);
  return group_->buckets[bucket].wait_ms(tokens, now_ms, seen_ms_[bucket]);
}

bool BucketShare::is_full(std::int64_t now_ms) noexcept {
  const std::lock_guard lock(group_->mutex);
  bool full = true;
  for (std::size_t i = 0; i < size(); ++i) {
    full = group_->buckets[i].is_full(now_ms, seen_ms_[i]) && full;
  }
  return full;
}

std::optional<BucketShare> BucketTable::open(const std::string& name,
                                             std::span<const BucketRate> rates,
                                             std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  auto found = groups_.find(name);
  if (found == groups_.end()) {
    if (groups_.size() >= prune_at_) prune(now_ms);
    auto group = std::make_shared<BucketGroup>();
    for (const BucketRate& rate : rates) group->buckets.emplace_back(rate, now_ms);
    found = groups_.emplace(name, std::move(group)).first;
  }
  const std::shared_ptr<BucketGroup>& group = found->second;
  if (group->buckets.size() != rates.size()) return std::nullopt;
  // Shares are made under the lock alone: of a group that nobody else has, nobody else gets one
  // now.
  if (group.use_count() == 1) {
    const std::lock_guard buckets(group->mutex);
    for (TokenBucket& bucket : group->buckets) bucket.rewind(now_ms);
  }
  return BucketShare(group, now_ms);
}

std::size_t BucketTable::size() const {
  const std::lock_guard lock(mutex_);
  return groups_.size();
}

void BucketTable::prune(std::int64_t now_ms) {
  std::erase_if(groups_, [&](const auto& entry) {
    const std::shared_ptr<BucketGroup>& group = entry.second;
    if (group.use_count() > 1) return false;
    const std::lock_guard buckets(group->mutex);
    return std::ranges::all_of(
        group->buckets, [&](const TokenBucket& bucket) { return bucket.would_be_full(now_ms); });
  });
  prune_at_ = 2 * groups_.size() + 256;
}

}  // namespace millrace
