#include "core/log_follower.h"
#include "core/boot_hash.h"

#include <atomic>
#include <thread>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/paths.h"
#include "core/recovery.h"
#include "test/store_fixture.h"

namespace millrace::test {
namespace {

// Reads a log as another process would: its own view of the files, its own mappings.
class Follower {
 public:
  Follower(std::shared_ptr<Env> env, LogFixture& log)
      : Follower(env, log, take(current_boot_hash(*env))) {}
  Follower(std::shared_ptr<Env> env, LogFixture& log, std::uint64_t boot_hash)
      : env_(std::move(env)),
        cache_(std::make_shared<SegmentCache>(*env_, background_, 4)),
        follower_({env_, cache_, boot_hash}, log.directory(), log.identity()) {}

  LogFollower* operator->() noexcept { return &follower_; }

  Result<std::vector<ReadRecord>> page(std::uint64_t from, Page& page) {
    const ReadCall read = [this](Sequence at, const PageLimits& limits, const PageBuffers& into) {
      return follower_.read(at, limits, into);
    };
    return read_page(read, from, 50, 256 * 1024, page);
  }
  // Goes on where it stopped; the new records.
  std::vector<ReadRecord> more() {
    std::vector<ReadRecord> all;
    for (;;) {
      Page got;
      Result<std::vector<ReadRecord>> records = page(next_, got);
      if (!records) stop(describe(records.error()));
      all.insert(all.end(), records->begin(), records->end());
      next_ = got.next.value;
      if (got.at_tail) return all;
    }
  }

 private:
  std::shared_ptr<Env> env_;
  Background background_;
  std::shared_ptr<SegmentCache> cache_;
  LogFollower follower_;
  std::uint64_t next_ = 1;
};

// Calls `before_open` with each path that is opened for reading.
class WatchedEnv final : public EnvForwarding {
 public:
  explicit WatchedEnv(std::shared_ptr<Env> base) : EnvForwarding(*base), base_(std::move(base)) {}
  Result<FileId> open(const std::string& path, OpenMode mode) override {
    if (before_open) before_open(path);
    return base_->open(path, mode);
  }
  std::function<void(const std::string&)> before_open;

 private:
  std::shared_ptr<Env> base_;
};

// Looks on when waiters are woken.
class WakingEnv final : public EnvForwarding {
 public:
  explicit WakingEnv(std::shared_ptr<Env> base) : EnvForwarding(*base), base_(std::move(base)) {}
  void wake_all(std::atomic<std::uint32_t>& word) noexcept override {
    base_->wake_all(word);
    if (woken) woken();
  }
  std::function<void()> woken;

 private:
  std::shared_ptr<Env> base_;
};

// Whoever only reads may do nothing but this.
class ReadingEnv final : public EnvForwarding {
 public:
  explicit ReadingEnv(std::shared_ptr<Env> base) : EnvForwarding(*base), base_(std::move(base)) {}
  Result<FileId> open(const std::string& path, OpenMode mode) override {
    const bool wake = mode == OpenMode::kReadWrite && file_name(path) == "wake";
    if (mode != OpenMode::kRead && !wake) fail("opened for writing: " + path);
    return base_->open(path, mode);
  }
  Result<std::size_t> pwrite(FileId, Bytes, FileOffset) override { return refused(); }
  Result<std::size_t> pwritev(FileId, std::span<const Bytes>, FileOffset) override {
    return refused();
  }
  Result<void> resize(FileId, std::uint64_t) override { return refused(); }
  Result<void> reserve(FileId, FileOffset, std::uint64_t) override { return refused(); }
  Result<void> punch(FileId, FileOffset, std::uint64_t) override { return refused(); }
  Result<void> sync_data(FileId) override { return refused(); }
  Result<void> make_directory(const std::string&) override { return refused(); }
  Result<void> remove_directory(const std::string&) override { return refused(); }
  Result<void> rename(const std::string&, const std::string&) override { return refused(); }
  Result<void> unlink(const std::string&) override { return refused(); }
  Result<void> sync_directory(const std::string&) override { return refused(); }
  Result<void> lock_exclusive(FileId) override { return refused(); }
  Result<void> populate(MutableBytes) override { return refused(); }

 private:
  static Error refused() {
    fail("a call that changes something");
    return Error{.code = Errc::kPermission, .message = "not to be called"};
  }
  std::shared_ptr<Env> base_;
};

LogOptions quick() {
  LogOptions options;
  options.checkpoint_ms = 20;
  return options;
}

std::vector<std::uint64_t> numbers_of(const std::vector<ReadRecord>& records) {
  std::vector<std::uint64_t> numbers;
  for (const ReadRecord& record : records) numbers.push_back(record.sequence);
  return numbers;
}

void append_numbers(LogFixture& log, int count, std::size_t bytes = 100) {
  for (int i = 0; i < count; ++i)
    log.append("k", std::string(bytes, static_cast<char>('a' + i % 26)));
}

// Follows until the end of the log; every record must be the next one.
void follow_to_end(Follower& follower, std::atomic<std::uint64_t>& seen) {
  for (std::uint64_t from = 1;;) {
    Page page;
    Result<std::vector<ReadRecord>> records = follower.page(from, page);
    if (!records) return fail(describe(records.error()));
    for (const ReadRecord& record : *records) {
      if (record.sequence != from++) return fail("a record out of order");
    }
    seen += records->size();
    if (page.ended) return;
    if (page.at_tail) std::this_thread::yield();
  }
}

void same_stats(const LogStats& follower, const LogStats& writer) {
  expect_eq(follower.first, writer.first);
  expect_eq(follower.next, writer.next);
  expect_eq(follower.bytes, writer.bytes);
  expect_eq(follower.file_bytes, writer.file_bytes);
  expect_eq(follower.segments, writer.segments);
  expect_eq(follower.first_arrival, writer.first_arrival);
  expect_eq(follower.last_arrival, writer.last_arrival);
  expect_eq(follower.sealed, writer.sealed);
}

const Suite log_follower_tests("log_follower", [](Suite& s) {
  s.test("sees every record once while the writer appends, rolls and ends the log", [] {
    const ScratchDirectory scratch;
    auto env = std::make_shared<EnvPosix>();
    LogFixture log(env, scratch.path("log"), quick());
    expect_ok(log.open());
    std::atomic<std::uint64_t> seen = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        Follower follower(env, log);  // before there are any files
        follow_to_end(follower, seen);
      });
    }
    std::uint64_t count = 0;
    while (count < 16'000) {
      BatchBuilder batch;
      for (int i = 0; i < 20; ++i, ++count) batch.add("key", std::string(50 + count % 900, 'x'));
      log.append(batch);
    }
    (void)take(log->seal({9'000}));
    for (std::thread& thread : threads) thread.join();
    expect_eq(seen.load(), count * 2);
    expect_ge(take(log->stats()).segments, 3u);
  });
  s.test("is empty while the log has no files, or half a control page", [] {
    auto env = std::make_shared<EnvMemory>();
    LogFixture log(env, "log");
    Follower follower(env, log);
    expect(follower.more().empty());
    expect(!follower->has_files());
    take(env->make_directory("log"));
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{100}, kControlBytes}) {
      const FileId file = take(env->open("log/ctl", OpenMode::kCreateEmpty));
      if (bytes > 0) take(env->pwrite(file, std::vector<std::byte>(bytes), {0}));
      env->close(file);
      expect(follower.more().empty());
      expect_eq(take(follower->stats()).next, kFirstSequence);
      expect(!follower->source().has_files());
    }
    expect_ok(log.open());
    log.append("k", "v");
    expect(follower->source().has_files());
    expect_eq(follower.more().size(), 1u);
  });
  s.test("finds the wake page of a log that has a control page, whenever it looks", [] {
    auto memory = std::make_shared<EnvMemory>();
    auto env = std::make_shared<WatchedEnv>(memory);
    LogFixture log(env, "log");
    expect_ok(log.open());
    env->before_open = [&](const std::string&) {
      Follower follower(memory, log);
      expect(follower.more().empty());
      if (follower->has_files()) expect(follower->source().control->wake_word() != nullptr);
    };
    log.append("k", "v");
    env->before_open = nullptr;
  });
  s.test("changes nothing", [] {
    auto memory = std::make_shared<EnvMemory>();
    LogFixture log(memory, "log");
    expect_ok(log.open());
    append_numbers(log, 100, 50'000);
    log.reopen();
    Follower follower(std::make_shared<ReadingEnv>(memory), log, 0);
    expect_eq(follower.more().size(), 100u);
    expect_ok(follower->seek({1'000}));
    expect_ok(follower->stats());
    expect(follower->source().control->announce());
  });
  s.test("reads a log whose wake page it may not write", [] {
    auto memory = std::make_shared<EnvMemory>();
    LogFixture log(memory, "log");
    expect_ok(log.open());
    append_numbers(log, 3);
    auto env = std::make_shared<EnvFaulting>(*memory);
    env->plan({.call = EnvCall::kOpen,
               .path_part = "wake",
               .sys_errno = 13,
               .repeat = Fault::Repeat::kForever});
    Follower follower(env, log);
    expect_eq(follower.more().size(), 3u);
    expect(follower->source().control->wake_word() == nullptr);
    expect(!follower->source().control->announce());
  });
  s.test("tells the same of a log as its writer", [] {
    auto env = std::make_shared<EnvMemory>();
    LogFixture log(env, "log");
    expect_ok(log.open());
    Follower follower(env, log);
    same_stats(take(follower->stats()), take(log->stats()));
    for (int round = 0; round < 60; ++round) {
      const Case shown("round", static_cast<std::uint64_t>(round));
      log.append("k", std::string(static_cast<std::size_t>(round) * 4'000, 'x'), 1'000 + round);
      if (round == 30) log.reopen();
      if (round % 7 == 6) {
        expect_ok(log->trim({static_cast<std::uint64_t>(round)}));
        log.drain();
      }
      if (round == 59) (void)take(log->seal({9'000}));
      same_stats(take(follower->stats()), take(log->stats()));
      expect_eq(take(follower->seek({1'030})), take(log->seek({1'030})));
      expect_ok(log->flush());
      expect_eq(take(follower->stats()).durable, take(log->stats()).durable);
    }
  });
  s.test("knows the end of the shard by its frame, which the flag comes before", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 3);
    const std::uint64_t before_end = take(store.log()->stats()).bytes;
    (void)take(store.log()->seal({2'000}));
    auto env = std::shared_ptr<Env>(&store.env(), [](Env*) {});
    Follower follower(env, store.log());
    expect(take(follower->stats()).sealed);
    // As between the two, or for ever if the writer dies there.
    store.log().crash();
    store.write(store.file("ctl"), offsetof(ControlPage, committed), bytes_of(before_end));
    expect(!take(follower->stats()).sealed);
    expect_eq(take(follower->stats()).next.value, 4u);
  });
  s.test(
      "knows the end of the shard as soon as its last mark wakes, also where it waits for the disk",
      [] {
        auto memory = std::make_shared<EnvMemory>();
        auto env = std::make_shared<WakingEnv>(memory);
        LogOptions options;
        options.written = true;
        options.sync_commits = true;
        LogFixture log(env, "log", options);
        expect_ok(log.open());
        log.append("k", "v");
        Follower follower(memory, log);
        expect_eq(follower.more().size(), 1u);
        std::vector<bool> ended;
        env->woken = [&] {
          Page page;
          take(follower.page(2, page));
          ended.push_back(page.ended);
        };
        expect(follower->source().control->announce());
        (void)take(log->seal({2'000}));
        env->woken = nullptr;
        // Nobody looks again before the next mark, and none follows.
        expect(!ended.empty() && ended.front());
      });
  s.test("goes on behind what was trimmed under it", [] {
    auto env = std::make_shared<EnvMemory>();
    LogFixture log(env, "log", quick());
    expect_ok(log.open());
    Follower follower(env, log);
    append_numbers(log, 60, 100'000);
    Page page;
    expect_eq(take(follower.page(1, page)).size(), 2u);
    expect_ok(log->trim({50}));
    log.drain();
    expect_error(follower.page(3, page), Errc::kTrimmed);
    expect_eq(numbers_of(take(follower.page(50, page))).front(), 50u);
    expect_eq(take(follower->stats()).segments, take(log->stats()).segments);
  });
  s.test("looks again when a segment goes between its name and its file", [] {
    auto memory = std::make_shared<EnvMemory>();
    LogFixture log(memory, "log", quick());
    expect_ok(log.open());
    append_numbers(log, 60, 100'000);
    auto env = std::make_shared<WatchedEnv>(memory);
    Follower follower(env, log);
    int trims = 0;
    env->before_open = [&](const std::string& path) {
      if (!path.ends_with(".seg") || trims++ > 0) return;
      expect_ok(log->trim({50}));
      log.drain();
    };
    Page page;
    expect_error(follower.page(1, page), Errc::kTrimmed);
    expect_ge(trims, 2);
    expect_eq(numbers_of(take(follower.page(50, page))).front(), 50u);
  });
  s.test("notices that an empty segment was replaced by one of its name", [] {
    std::size_t replaced = 0;
    for (std::uint64_t nth = 1; nth <= 12; ++nth) {
      const Case round("populate", nth);
      auto memory = std::make_shared<EnvMemory>();
      auto env = std::make_shared<EnvFaulting>(*memory);
      LogFixture log(env, "log");
      expect_ok(log.open());
      append_numbers(log, 1, 900'000);
      log.drain();
      Follower follower(memory, log);
      expect_eq(follower.more().size(), 1u);
      env->plan({.call = EnvCall::kPopulate,
                 .nth = nth,
                 .sys_errno = 28,
                 .repeat = Fault::Repeat::kForever});
      BatchBuilder batch;
      for (int i = 0; i < 3; ++i) batch.add("k", std::string(1'000'000, 'x'));
      std::vector<double> out(3);
      const Result<std::size_t> done = log->append(batch.packed(), {out, out});
      env->clear();
      const std::size_t names = take(list_segment_names(*memory, "log")).size();
      const bool empty = !done && names == 2;
      expect_eq(follower.more().size(), done ? *done : 0);
      if (nth % 2 == 0) {
        log.crash();
        expect_ok(log.open());
      }
      log.append("k", std::string(5'000'000, 'y'));
      expect_eq(follower.more().size(), 1u);
      if (empty && take(list_segment_names(*memory, "log")).size() == 2) ++replaced;
    }
    expect_ge(replaced, 1u);
  });
  s.test("goes on when a writer dies and another one takes over", [] {
    const ScratchDirectory scratch;
    auto env = std::make_shared<EnvPosix>();
    LogFixture log(env, scratch.path("log"), quick());
    expect_ok(log.open());
    Follower follower(env, log);
    std::uint64_t expected = 0;
    for (int writer = 0; writer < 5; ++writer) {
      append_numbers(log, 7, 60'000);
      for (const ReadRecord& record : follower.more()) expect_eq(record.sequence, ++expected);
      log.crash();
      expect_ok(log.open());
    }
    expect_eq(expected, 35u);
  });
  s.test("goes on behind the gap when what it read was lost with the system", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 10, 1'000);
    expect_ok(store.log()->flush());
    append_numbers(store.log(), 10, 1'000);
    auto env = std::shared_ptr<Env>(&store.env(), [](Env*) {});
    Follower follower(env, store.log());
    expect_eq(follower.more().size(), 20u);
    store.log().crash();
    // Frame 15 is torn, and the page says that it was another boot: what a poisoned log looks like.
    store.flip(store.segment(0), (0x3000 + 14 * 1'040 + 500) * 8);
    const std::uint64_t other_boot = 1;
    store.write(store.file("ctl"), offsetof(ControlPage, boot_hash), bytes_of(other_boot));
    store.open();
    expect_eq(store.log().read_all().size(), 14u);
    expect(follower.more().empty());
    const std::uint64_t next = store.log().append("k", "after");
    expect_ge(next, 1'000'000u);
    expect_eq(numbers_of(follower.more()), std::vector<std::uint64_t>{next});
  });
  s.test("believes no mark of another boot until a writer has gone over it", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 10);
    expect_ok(store.log()->flush());
    append_numbers(store.log(), 10);
    store.log().crash();
    store.env().reboot();
    auto env = std::shared_ptr<Env>(&store.env(), [](Env*) {});
    Follower follower(env, store.log());
    expect_eq(follower.more().size(), 10u);
    store.open();
    store.log().append("k", "after");
    expect_eq(follower.more().size(), 11u);
    store.close();
    store.env().reboot();
    Follower later(env, store.log());
    expect_eq(later.more().size(), 21u);
  });
  s.test("reports damage, and a log that was removed", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 10, 1'000);
    auto env = std::shared_ptr<Env>(&store.env(), [](Env*) {});
    Follower follower(env, store.log());
    const std::uint64_t at = (0x3000 + 4 * 1'040 + 500) * 8;
    store.flip(store.segment(0), at);
    Page page;
    expect_eq(take(follower.page(1, page)).size(), 4u);
    expect_error(follower.page(5, page), Errc::kCorrupt);
    store.flip(store.segment(0), at);
    expect_eq(take(follower.page(5, page)).size(), 6u);
    append_numbers(store.log(), 1, 1'040'000);  // a segment that the follower has not seen
    store.log().crash();
    take(store.env().rename(store.folder(), store.folder() + ".trash"));
    expect_error(follower.page(11, page), Errc::kRemoved);
    Follower late(env, store.log());
    expect(late.more().empty());
  });
});

}  // namespace
}  // namespace millrace::test
