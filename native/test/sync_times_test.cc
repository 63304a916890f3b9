#include "core/sync_times.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <limits>
#include <thread>
#include <vector>

#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/file.h"
#include "core/mapping.h"
#include "test/test.h"

namespace millrace::test {
namespace {

constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

const Suite sync_times_tests("sync times", [](Suite& s) {
  s.test("lie in the first bucket that does not end before them", [] {
    for (std::size_t bucket = 0; bucket + 1 < kSyncBuckets; ++bucket) {
      const Case round("bucket", bucket);
      expect_eq(sync_bucket_of(sync_bucket_end_ns(bucket)), bucket);
      expect_eq(sync_bucket_of(sync_bucket_end_ns(bucket) + 1), bucket + 1);
    }
    expect_eq(sync_bucket_of(0), 0U);
    expect_eq(sync_bucket_of(kForever), kSyncBuckets - 1);
  });
  s.test("are added up, those of failures, too", [] {
    SyncTimes times;
    expect(times.totals() == SyncTotals{});
    times.add(15'000, true);
    times.add(17'000, false);
    times.add(16'000, true);
    const SyncTotals totals = times.totals();
    expect_eq(totals.counts[0], 2U);
    expect_eq(totals.counts[1], 1U);
    expect_eq(totals.count(), 3U);
    expect_eq(totals.nanoseconds, 48'000U);
    expect_eq(totals.failed, 1U);
  });
  s.test("of several threads are all there, while somebody looks", [] {
    constexpr std::ptrdiff_t kThreads = 4;
    constexpr std::uint64_t kEach = 500'000;
    constexpr std::uint64_t kAll = kThreads * kEach;
    SyncTimes times;
    std::latch together(kThreads);
    std::vector<std::thread> threads;
    for (std::ptrdiff_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        for (std::uint64_t i = 0; i < kEach; ++i) times.add(i * 1'000, i % 2 == 0);
      });
    }
    for (std::uint64_t seen = 0; seen < kAll;) {
      const std::uint64_t count = times.totals().count();
      if (!expect_ge(count, seen)) break;
      seen = count;
      std::this_thread::yield();
    }
    for (std::thread& thread : threads) thread.join();
    const SyncTotals totals = times.totals();
    expect_eq(totals.count(), kAll);
    expect_eq(totals.failed, kAll / 2);
    expect_eq(totals.nanoseconds, kAll * 1'000 * (kEach - 1) / 2);
  });
});

const Suite env_sync_times_tests("sync times of an env", [](Suite& s) {
  s.test("count one for each sync of a file, of pages, of a folder, of a commit of two files", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    File one = take(File::open(env, scratch.path("one"), OpenMode::kCreate));
    File two = take(File::open(env, scratch.path("two"), OpenMode::kCreate));
    for (File* file : {&one, &two}) take(file->resize(kPageBytes));
    const Mapping pages = take(Mapping::map(one, {0}, kPageBytes, MapMode::kReadWrite));
    const std::array<DurableWrite, 2> writes{
        {{.file = one.id(), .at = {0}, .bytes = text_bytes("a")},
         {.file = two.id(), .at = {0}, .bytes = text_bytes("b")}}};
    take(one.write_all(text_bytes("c"), {1}));
    expect_ok(env.write_durably({}));
    expect(env.sync_totals() == SyncTotals{}, "nothing was synced yet");
    std::uint64_t count = 0;
    const auto expect_one_more = [&](auto sync) {
      const SyncTotals before = env.sync_totals();
      const std::uint64_t began_ns = env.monotonic_ns();
      take(sync());
      const std::uint64_t elapsed_ns = env.monotonic_ns() - began_ns;
      const SyncTotals after = env.sync_totals();
      expect_eq(after.count(), ++count);
      expect_eq(after.failed, 0U);
      expect_ge(after.nanoseconds, before.nanoseconds + 1);
      expect_le(after.nanoseconds, before.nanoseconds + elapsed_ns);
    };
    expect_one_more([&] { return one.sync_data(); });
    expect_one_more([&] { return pages.sync(one, 0, kPageBytes); });
    expect_one_more([&] { return env.sync_directory(scratch.path()); });
    expect_one_more([&] { return env.write_durably(writes); });
  });
  s.test("count a sync that fails, but none that could not begin", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    expect_error(env.sync_directory(scratch.path("missing")), Errc::kNotFound);
    expect(env.sync_totals() == SyncTotals{});
    std::array<int, 2> pipe{};
    if (!expect_eq(::pipe(pipe.data()), 0)) return;
    const std::array<DurableWrite, 1> writes{
        {{.file = FileId{pipe[1]}, .at = {0}, .bytes = text_bytes("a")}}};
    expect(!env.sync_data(FileId{pipe[1]}).ok());
    expect(!env.write_durably(writes).ok());
    std::ranges::for_each(pipe, [](int end) { ::close(end); });
    expect_eq(env.sync_totals().count(), 2U);
    expect_eq(env.sync_totals().failed, 2U);
  });
  s.test("are none in memory, where nothing is synced", [] {
    EnvMemory env;
    File file = take(File::open(env, "a", OpenMode::kCreate));
    take(file.sync_data());
    take(env.sync_directory("/"));
    expect(env.sync_totals() == SyncTotals{});
  });
});

}  // namespace
}  // namespace millrace::test
