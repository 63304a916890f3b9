#include "core/tail_watcher.h"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <string>
#include <thread>

#include "core/control_file.h"
#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/paths.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

// Counts calls from the watcher's thread and waits for them: all of a test's together, so that
// being late for each does not pass for being woken.
class Calls {
 public:
  std::function<void()> one() {
    return [this] {
      const std::lock_guard guard(mutex_);
      ++count_;
      changed_.notify_all();
    };
  }
  // Waits until there were `count` calls.
  bool reach(std::uint64_t count) {
    std::unique_lock guard(mutex_);
    return changed_.wait_until(guard, deadline_, [&] { return count_ >= count; });
  }
  std::uint64_t count() {
    const std::lock_guard guard(mutex_);
    return count_;
  }

 private:
  const std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t count_ = 0;
};

// Sleeps on several words where the test lets it, and counts how often writers wake somebody.
class SleepingEnv final : public EnvForwarding {
 public:
  explicit SleepingEnv(std::shared_ptr<Env> base) : EnvForwarding(*base), base_(std::move(base)) {}
  Result<bool> wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) override {
    if (words.size() > words_max) return Error{.code = Errc::kUnsupported, .message = "too many"};
    if (words.size() > 1) sleeps.fetch_add(1);
    if (timeout_ns >= 900'000'000) long_sleeps.fetch_add(1);
    return base_->wait_any(words, timeout_ns);
  }
  void wake_all(std::atomic<std::uint32_t>& word) noexcept override {
    ++wakes;
    base_->wake_all(word);
  }
  std::size_t words_max = kWaitWordsMax;
  std::atomic<int> wakes = 0;
  std::atomic<int> sleeps = 0;
  std::atomic<int> long_sleeps = 0;  // until somebody wakes the thread, or for a second

 private:
  std::shared_ptr<Env> base_;
};

// Cannot sleep: as often as the test says, calls with so many words or more fail. Others take half
// a second each, by its clock.
class SleeplessEnv final : public EnvForwarding {
 public:
  explicit SleeplessEnv(std::shared_ptr<Env> base) : EnvForwarding(*base), base_(std::move(base)) {}
  Result<bool> wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) override {
    calls.fetch_add(1);
    if (words.size() >= words_min && failures.load() > 0) {
      failures.fetch_sub(1);
      return error;
    }
    if (words.size() > 1) sleeps.fetch_add(1);
    slept_ns.fetch_add(500'000'000);
    return base_->wait_any(words, timeout_ns);
  }
  std::uint64_t monotonic_ns() noexcept override { return base_->monotonic_ns() + slept_ns.load(); }
  std::atomic<std::uint64_t> slept_ns = 0;
  std::size_t words_min = 1;
  Error error{.code = Errc::kIo, .sys_errno = ENOMEM, .message = "futex_waitv: no memory"};
  std::atomic<std::int64_t> failures = INT64_MAX;
  std::atomic<std::uint64_t> calls = 0;
  std::atomic<int> sleeps = 0;

 private:
  std::shared_ptr<Env> base_;
};

// The control page of one log, as its writer has it and as a reader watches it.
struct WatchedLog {
  WatchedLog(const std::shared_ptr<Env>& env, const std::string& directory) {
    take(env->make_directory(directory));
    control = take(ControlFile::create(*env, directory, some_identity(), false));
    source = {env, take(ControlView::open(*env, directory, some_identity(), 0)), nullptr};
  }
  void grow() { control->publish({++end}); }
  [[nodiscard]] LogPosition mark() const { return {end}; }

  std::shared_ptr<ControlFile> control;
  TailSource source;
  std::uint64_t end = 0;
};

// A scratch folder, or memory: both kinds of word.
std::shared_ptr<TailWatcher> watcher_of(const std::shared_ptr<Env>& env) {
  return TailWatcher::make(env);
}

void wakes_for_every_record(const std::shared_ptr<Env>& env, const std::string& directory,
                            int records) {
  const auto watcher = watcher_of(env);
  WatchedLog log(env, directory);
  Calls calls;
  const auto watch = watcher->watch(log.source, calls.one());
  for (int i = 1; i <= records; ++i) {
    if (!expect(watch->arm(log.mark()))) return;
    log.grow();
    if (!expect(calls.reach(static_cast<std::uint64_t>(i)), "was woken")) return;
  }
  expect_eq(calls.count(), records);
}

const Suite tail_watcher_tests("tail_watcher", [](Suite& s) {
  s.test("calls once for every time a log grew and was armed", [] {
    const ScratchDirectory scratch;
    wakes_for_every_record(std::make_shared<EnvPosix>(), scratch.path("log"), 3'000);
  });
  s.test("does so where the system can sleep on one word only, by looking", [] {
    auto env = std::make_shared<SleepingEnv>(std::make_shared<EnvMemory>());
    env->words_max = 1;
    wakes_for_every_record(env, "log", 200);
  });
  s.test("does so for a wake page that it may not write, by looking", [] {
    auto memory = std::make_shared<EnvMemory>();
    auto env = std::make_shared<EnvFaulting>(*memory);
    env->plan({.call = EnvCall::kOpen, .path_part = "wake", .nth = 3, .sys_errno = 30});
    WatchedLog log(env, "log");
    expect(log.source.control->wake_word() == nullptr);
    Calls calls;
    const auto watch = watcher_of(env)->watch(log.source, calls.one());
    for (std::uint64_t i = 1; i <= 200; ++i) {
      expect(watch->arm(log.mark()));
      log.grow();
      if (!expect(calls.reach(i), "was woken")) return;
    }
  });
  s.test("does so where no call can sleep, without calling more often than it looks", [] {
    const auto begin = std::chrono::steady_clock::now();
    auto env = std::make_shared<SleeplessEnv>(std::make_shared<EnvMemory>());
    wakes_for_every_record(env, "log", 20);
    const auto passed = std::chrono::steady_clock::now() - begin;
    // The shortest pause between two looks is 200 us; watching and arming cut a few short.
    const auto looks = static_cast<std::uint64_t>(passed / std::chrono::microseconds(200));
    expect_le(env->calls.load(), 10 + 2 * 20 + looks);
  });
  s.test("sleeps on several words again after calls that failed", [] {
    auto env = std::make_shared<SleeplessEnv>(std::make_shared<EnvMemory>());
    env->words_min = 2;
    env->failures = 2;
    WatchedLog log(env, "log");
    Calls calls;
    const auto watch = watcher_of(env)->watch(log.source, calls.one());
    expect(watch->arm(log.mark()));
    log.grow();
    expect(calls.reach(1));
    expect(watch->arm(log.mark()));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (env->sleeps.load() == 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    expect_ge(env->sleeps.load(), 1);
    log.grow();
    expect(calls.reach(2));
  });
  s.test("tries no more where the system says that it cannot sleep on several words", [] {
    auto env = std::make_shared<SleeplessEnv>(std::make_shared<EnvMemory>());
    env->words_min = 2;
    env->error = {.code = Errc::kUnsupported, .sys_errno = ENOSYS, .message = "futex_waitv"};
    WatchedLog log(env, "log");
    Calls calls;
    const auto watch = watcher_of(env)->watch(log.source, calls.one());
    expect(watch->arm(log.mark()));
    // While records come it may be too busy to try; on a machine with other work for all of them.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (env->failures.load() == INT64_MAX && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    for (std::uint64_t i = 1; i <= 200; ++i) {
      log.grow();
      if (!expect(calls.reach(i), "was woken")) return;
      expect(watch->arm(log.mark()));
    }
    expect_eq(INT64_MAX - env->failures.load(), 1);
  });
  s.test("says at once that a log has grown already, and does not call", [] {
    auto env = std::make_shared<EnvMemory>();
    WatchedLog log(env, "log");
    Calls calls;
    {
      const auto watch = watcher_of(env)->watch(log.source, calls.one());
      log.grow();
      expect(!watch->arm({0}));
      expect(watch->arm(log.mark()));
      watch->disarm();
      log.grow();
    }
    expect_eq(calls.count(), 0u);
  });
  s.test("calls when a mark went back", [] {
    auto env = std::make_shared<EnvMemory>();
    WatchedLog log(env, "log");
    log.end = 500;
    log.grow();
    Calls calls;
    const auto watch = watcher_of(env)->watch(log.source, calls.one());
    expect(watch->arm(log.mark()));
    log.end = 100;
    log.grow();
    expect(calls.reach(1));
  });
  s.test("watches more logs than a system call takes words, each for itself", [] {
    auto env = std::make_shared<EnvMemory>();
    const auto watcher = watcher_of(env);
    constexpr std::size_t kLogs = kWaitWordsMax + 40;
    std::vector<std::unique_ptr<WatchedLog>> logs;
    std::vector<Calls> calls(kLogs);
    std::vector<std::unique_ptr<TailWatcher::Watch>> watches;
    for (std::size_t i = 0; i < kLogs; ++i) {
      logs.push_back(std::make_unique<WatchedLog>(env, "log" + std::to_string(i)));
      watches.push_back(watcher->watch(logs[i]->source, calls[i].one()));
    }
    for (std::size_t i = 0; i < kLogs; ++i) expect(watches[i]->arm({0}));
    for (std::size_t i = 0; i < kLogs; i += 2) logs[i]->grow();
    for (std::size_t i = 0; i < kLogs; i += 2) expect(calls[i].reach(1));
    for (std::size_t i = 1; i < kLogs; i += 2) expect_eq(calls[i].count(), 0u);
    for (std::size_t i = 1; i < kLogs; i += 2) logs[i]->grow();
    for (std::size_t i = 0; i < kLogs; ++i) expect(calls[i].reach(1));
  });
  s.test("calls when a log that had none has files", [] {
    auto env = std::make_shared<EnvMemory>();
    Calls calls;
    const auto has_files = [env] { return take(env->exists("log/ctl")); };
    const auto watch = watcher_of(env)->watch({env, nullptr, has_files}, calls.one());
    expect(watch->arm({0}));
    const WatchedLog log(env, "log");
    expect(calls.reach(1));
    expect(!watch->arm({0}));
  });
  s.test("sleeps until a herald has news of a log without files, then looks for them", [] {
    auto env = std::make_shared<SleepingEnv>(std::make_shared<EnvMemory>());
    const auto watcher = watcher_of(env);
    const WatchedLog metadata(env, "meta");
    std::atomic<std::uint64_t> files = 0;
    Calls calls;
    for (std::uint64_t i = 1; i <= 200; ++i) {
      const auto has_files = [&files, i] { return files.load() >= i; };
      const auto watch =
          watcher->watch({env, nullptr, has_files, metadata.source.control}, calls.one());
      if (!expect(watch->arm({0}))) return;
      // Other news: it looks, and sleeps on.
      metadata.control->wake_waiters();
      const int slept = env->long_sleeps.load();
      if (i % 50 == 0) {
        while (env->long_sleeps.load() == slept) std::this_thread::yield();
      }
      files.store(i);
      metadata.control->tell_waiters();
      // Who looks once a second alone would not get so far.
      if (!expect(calls.reach(i), "was told")) return;
    }
  });
  s.test("looks for the files of many logs with one herald, with one word", [] {
    auto env = std::make_shared<SleepingEnv>(std::make_shared<EnvMemory>());
    const auto watcher = watcher_of(env);
    const WatchedLog metadata(env, "meta");
    constexpr std::size_t kLogs = kWaitWordsMax + 40;
    std::atomic<bool> files = false;
    Calls calls;
    std::vector<std::unique_ptr<TailWatcher::Watch>> watches;
    for (std::size_t i = 0; i < kLogs; ++i) {
      watches.push_back(watcher->watch(
          {env, nullptr, [&files] { return files.load(); }, metadata.source.control}, calls.one()));
      expect(watches.back()->arm({0}));
    }
    const int slept = env->long_sleeps.load();
    while (env->long_sleeps.load() == slept) std::this_thread::yield();
    files.store(true);
    metadata.control->tell_waiters();
    expect(calls.reach(kLogs));
  });
  s.test("calls although the writer died between its mark and its wake-up", [] {
    auto env = std::make_shared<SleepingEnv>(std::make_shared<EnvMemory>());
    WatchedLog log(env, "log");
    Calls calls;
    const auto watch = watcher_of(env)->watch(log.source, calls.one());
    while (env->sleeps.load() == 0) std::this_thread::yield();
    expect(watch->arm({0}));
    log.control->page().committed.store(8, std::memory_order_seq_cst);
    expect(calls.reach(1));
  });
  s.test("costs a writer one wake-up for a reader that died, and none after that", [] {
    auto env = std::make_shared<SleepingEnv>(std::make_shared<EnvMemory>());
    WatchedLog log(env, "log");
    for (int reader = 0; reader < 3; ++reader) expect(log.source.control->announce());
    for (int i = 0; i < 10; ++i) log.grow();
    expect_eq(env->wakes.load(), 1);
  });
  s.test("ends while logs are armed", [] {
    auto env = std::make_shared<EnvMemory>();
    for (int round = 0; round < 200; ++round) {
      WatchedLog log(env, "log" + std::to_string(round));
      Calls calls;
      const auto watch = watcher_of(env)->watch(log.source, calls.one());
      expect(watch->arm({0}));
      if (round % 2 == 0) log.grow();
    }
  });
});

}  // namespace
}  // namespace millrace::test
