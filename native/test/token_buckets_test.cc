#include "core/token_buckets.h"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "test/test.h"

namespace millrace::test {
namespace {

constexpr std::array<BucketRate, 2> kRates{
    {{.per_second = 1000, .capacity = 1000}, {.per_second = 1 << 20, .capacity = 1 << 20}}};

// Takes one of the first bucket and `bytes` of the second; 0, or 1 + the place of what lacks.
int take_one(BucketShare& share, double bytes, std::int64_t now_ms) {
  const std::array<double, 2> capacities{1000, 1 << 20};
  const std::array<double, 2> amounts{1, bytes};
  std::array<std::byte, 1> lacks{};
  (void)share.take(0, capacities, amounts, lacks, now_ms);
  return std::to_integer<int>(lacks[0]);
}

BucketShare open_share(BucketTable& table, const std::string& name, std::int64_t now_ms) {
  std::optional<BucketShare> share = table.open(name, kRates, now_ms);
  if (!share) stop("there are other buckets of that name");
  return std::move(*share);
}

int taken(BucketShare& share, int tries, std::int64_t now_ms) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += take_one(share, 1, now_ms) == 0 ? 1 : 0;
  return count;
}

const Suite suite("token buckets", [](Suite& s) {
  s.test("are counted in by all shares of a name, and by no other", [] {
    BucketTable table;
    BucketShare one = open_share(table, "a", 5);
    BucketShare two = open_share(table, "a", 5);
    BucketShare other = open_share(table, "b", 5);
    expect_eq(taken(one, 600, 5), 600);
    expect_eq(taken(two, 600, 5), 400);
    expect_eq(taken(other, 1, 5), 1);
    expect_eq(taken(one, 600, 6), 1);
  });
  s.test("take a row whole, or nothing of it, and name the first that lacks", [] {
    BucketTable table;
    BucketShare share = open_share(table, "a", 0);
    expect_eq(take_one(share, 1 << 20, 0), 0);
    expect_eq(take_one(share, 1, 0), 2);
    expect_eq(take_one(share, 0, 0), 0);
    expect_eq(taken(share, 2000, 2), 1000);
    expect_eq(take_one(share, 1, 2), 1);
  });
  s.test("bring nothing twice when threads look at the clock in turn", [] {
    BucketTable table;
    BucketShare early = open_share(table, "a", 0);
    BucketShare late = open_share(table, "a", 0);
    expect_eq(taken(early, 2000, 0), 1000);
    int count = 0;
    for (std::int64_t ms = 0; ms < 100; ++ms) {
      count += taken(late, 5, ms + 1);
      count += taken(early, 5, ms);
    }
    expect_eq(count, 100);
  });
  s.test("go on from there when the clock is set back, once for all shares", [] {
    BucketTable table;
    BucketShare one = open_share(table, "a", 1'000'000);
    BucketShare two = open_share(table, "a", 1'000'000);
    expect_eq(taken(one, 2000, 1'000'000), 1000);
    expect_eq(taken(one, 5, 500), 0);
    expect_eq(taken(two, 5, 500), 0);
    expect_eq(taken(two, 5, 501), 1);
    expect_eq(taken(one, 5, 502), 1);
  });
  s.test("begin to fill at the time of whoever comes when nobody else is left", [] {
    BucketTable table;
    {
      BucketShare gone = open_share(table, "a", 1'000'000);
      expect_eq(taken(gone, 2000, 1'000'000), 1000);
    }
    BucketShare share = open_share(table, "a", 10);
    expect_eq(taken(share, 5, 10), 0);
    expect_eq(taken(share, 5, 12), 2);
  });
  s.test("pause after a debt, for no longer than can be", [] {
    BucketTable table;
    BucketShare share = open_share(table, "a", 0);
    share.spend(1, 3 << 19, 1500, 0);
    expect_eq(take_one(share, 0, 1499), 2);
    expect_eq(take_one(share, 0, 1500), 0);
    share.spend(1, 3 << 20, 5000, 1'000'000);
    expect_eq(take_one(share, 0, 1'000'000), 2);
    expect_eq(take_one(share, 0, 1000), 2);
    expect_eq(take_one(share, 0, 3000), 0);
  });
  s.test("bear every amount, rate and time", [] {
    BucketTable table;
    const std::array<BucketRate, 1> rates{{{.per_second = kTokensMax, .capacity = kTokensMax}}};
    std::optional<BucketShare> share = table.open("a", rates, -(std::int64_t{1} << 53));
    if (!share) stop("opens");
    for (int i = 0; i < 5000; ++i) share->spend(0, kTokensMax, 0, -(std::int64_t{1} << 53));
    expect(!share->is_full(-(std::int64_t{1} << 53)));
    expect(share->is_full(std::int64_t{1} << 53));
    expect_eq(share->wait_ms(0, kTokensMax, 0).value_or(-1), 0);
  });
  s.test("are forgotten when they are as good as new and nobody has them", [] {
    BucketTable table;
    BucketShare kept = open_share(table, "kept", 0);
    {
      BucketShare used = open_share(table, "used", 0);
      expect_eq(taken(used, 1000, 0), 1000);
    }
    for (int i = 0; i < 5000; ++i) (void)open_share(table, std::to_string(i), 0);
    expect_le(table.size(), 300U);
    BucketShare same = open_share(table, "kept", 0);
    expect_eq(taken(kept, 1000, 0), 1000);
    expect_eq(taken(same, 1, 0), 0);
    BucketShare again = open_share(table, "used", 0);
    expect_eq(taken(again, 5, 0), 0);
  });
  s.test("refuse another number of buckets under a name", [] {
    BucketTable table;
    const BucketShare share = open_share(table, "a", 0);
    expect(!table.open("a", std::span(kRates).first(1), 0));
  });
  s.test("give threads together exactly what one would get", [] {
    constexpr int kThreads = 4;
    BucketTable table;
    std::atomic<int> total = 0;
    std::atomic<std::int64_t> now_ms = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int round = 0; round < 500; ++round) {
          // Opened anew by and by, as workers come and go; each looks, is held up, and asks then.
          BucketShare share = open_share(table, "a", now_ms.load());
          for (int i = 0; i < 20; ++i) {
            const std::int64_t seen = now_ms.load();
            if (i == 10 && t == 0 && round % 5 == 0) now_ms.fetch_add(1);
            total += take_one(share, 1, seen) == 0 ? 1 : 0;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    BucketShare last = open_share(table, "a", now_ms.load());
    total += taken(last, 3000, now_ms.load());
    expect_eq(total.load(), 1000 + static_cast<int>(now_ms.load()));
  });
});

}  // namespace
}  // namespace millrace::test
