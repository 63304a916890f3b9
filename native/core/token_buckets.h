#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace millrace {

// Tokens at most, of a bucket or of one call: a thousand times as many are exact in a double.
inline constexpr std::int64_t kTokensMax = std::int64_t{1} << 42;

// How fast a bucket fills and how much it holds; whole tokens, both from 1 to kTokensMax.
struct BucketRate {
  std::int64_t per_second = 1;
  std::int64_t capacity = 1;
};

// One token bucket. The time is told by each call, in milliseconds from any beginning. Counts
// thousandths of tokens, of which each millisecond brings a whole number. The arithmetic is that of
// src/streams/token-bucket.ts, and test/log/buckets.test.ts compares the two.
//
// Several threads tell it the time, each by its own last look at a clock: `seen_ms` is what the
// caller has told this bucket last, and becomes `now_ms`. Who is late against another thread finds
// what that one left; only who is late against itself has had its clock set back. Then nothing
// comes in by that, and the bucket goes on from there. Not thread-safe.
class TokenBucket {
 public:
  TokenBucket(BucketRate rate, std::int64_t now_ms) noexcept;

  // From now on it holds so many tokens; what is there too much is lost. What has come in since it
  // was last asked counts towards a larger one.
  void resize(std::int64_t capacity, std::int64_t now_ms, std::int64_t& seen_ms) noexcept;
  // Whether so many tokens are there and no pause goes on.
  [[nodiscard]] bool has(std::int64_t tokens, std::int64_t now_ms, std::int64_t& seen_ms) noexcept;
  // Takes tokens whether they are there or not. If they were not, a pause of so long begins, unless
  // it is 0.
  void spend(std::int64_t tokens, std::int64_t pause_ms, std::int64_t now_ms,
             std::int64_t& seen_ms) noexcept;
  // Whole milliseconds until so many tokens are there, pauses aside; nullopt: it never holds them.
  [[nodiscard]] std::optional<std::int64_t> wait_ms(std::int64_t tokens, std::int64_t now_ms,
                                                    std::int64_t& seen_ms) noexcept;
  [[nodiscard]] bool is_full(std::int64_t now_ms, std::int64_t& seen_ms) noexcept;

  // It would be full for somebody who looked now; changes nothing.
  [[nodiscard]] bool would_be_full(std::int64_t now_ms) const noexcept;
  // Nobody that knew a later time is left: unless it is just late, the clock was set back.
  void rewind(std::int64_t now_ms) noexcept;

 private:
  void fill(std::int64_t now_ms, std::int64_t& seen_ms) noexcept;
  void come_in(std::int64_t elapsed_ms) noexcept;

  std::int64_t per_second_;
  std::int64_t capacity_;     // in thousandths, like what follows
  std::int64_t thousandths_;  // below zero while what was spent too much comes in again
  std::int64_t at_ms_;
  std::int64_t paused_until_ms_;
};

// Buckets that are asked for together, shared by any number of threads.
struct BucketGroup {
  std::mutex mutex;  // held for the arithmetic of one call, never while anything is waited for
  std::vector<TokenBucket> buckets;
};

// One thread's way to a group. Calls come from one thread at a time. Nothing of a call is left to
// be done after it: whoever ends between two calls has taken what it took, and holds nothing.
class BucketShare {
 public:
  BucketShare(std::shared_ptr<BucketGroup> group, std::int64_t now_ms);

  [[nodiscard]] std::size_t size() const noexcept { return seen_ms_.size(); }

  // Rows of amounts for the buckets from `first` on, as many as `capacities`; each row is taken
  // whole or, if a bucket lacks something, not at all. What stands in `lacks` then is 0, or 1 + the
  // place in the row of the first that lacks. First, the buckets are resized to `capacities`.
  // Answers how many rows were not taken. What is no number of tokens counts as the nearest one.
  std::size_t take(std::size_t first, std::span<const double> capacities,
                   std::span<const double> amounts, std::span<std::byte> lacks,
                   std::int64_t now_ms) noexcept;
  // As those of TokenBucket.
  void spend(std::size_t bucket, std::int64_t tokens, std::int64_t pause_ms,
             std::int64_t now_ms) noexcept;
  [[nodiscard]] std::optional<std::int64_t> wait_ms(std::size_t bucket, std::int64_t tokens,
                                                    std::int64_t now_ms) noexcept;
  // All of them hold all they can.
  [[nodiscard]] bool is_full(std::int64_t now_ms) noexcept;

 private:
  std::shared_ptr<BucketGroup> group_;
  std::vector<std::int64_t> seen_ms_;  // what this thread told each bucket last
};

// Groups by name. Those that are as good as new are forgotten some time after the last share of
// them went. Any thread may call.
class BucketTable {
 public:
  // The group of that name, or a new one with full buckets. nullopt when there is one of another
  // number of buckets. Rates hold for a new group alone.
  std::optional<BucketShare> open(const std::string& name, std::span<const BucketRate> rates,
                                  std::int64_t now_ms);
  [[nodiscard]] std::size_t size() const;

 private:
  void prune(std::int64_t now_ms);

  mutable std::mutex mutex_;  // guards what follows; taken before that of a group
  std::map<std::string, std::shared_ptr<BucketGroup>> groups_;
  std::size_t prune_at_ = 256;
};

}  // namespace millrace
