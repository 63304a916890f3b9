#include "core/guarded_copy.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/env_posix.h"
#include "core/mapping.h"
#include "test/test.h"

namespace millrace::test {
namespace {

// A mapping whose last page lies behind the end of its file: touching it raises SIGBUS.
class TruncatedMapping {
 public:
  explicit TruncatedMapping(const std::string& path)
      : file_(take(File::open(env_, path, OpenMode::kCreate))) {
    take(file_.resize(2 * kPageBytes));
    take(file_.write_all(text_bytes("intact"), {0}));
    mapping_ = take(Mapping::map(file_, {0}, 2 * kPageBytes, MapMode::kReadWrite));
    take(file_.resize(kPageBytes));
  }
  [[nodiscard]] MutableBytes intact() const { return mapping_.bytes().first(kPageBytes); }
  [[nodiscard]] MutableBytes lost() const { return mapping_.bytes().subspan(kPageBytes); }

 private:
  EnvPosix env_;
  File file_;
  Mapping mapping_;
};

std::byte load_byte(MutableBytes bytes) noexcept {
  return *static_cast<volatile std::byte*>(bytes.data());
}

// Somebody else's handler, in place before the first guard of this process: it must get every
// SIGBUS that is not ours.
struct ForeignHandler {
  static inline thread_local sigjmp_buf landing;
  static inline thread_local volatile std::sig_atomic_t is_armed = 0;
  static inline std::atomic<int> calls{0};  // relaxed: counted and read on one thread at a time

  ForeignHandler() {
    struct sigaction action = {};
    action.sa_sigaction = [](int number, siginfo_t* info, void*) {
      calls.fetch_add(1, std::memory_order_relaxed);
      const bool was_sent = info->si_code <= 0;
      if (was_sent) return;
      if (is_armed != 0) siglongjmp(landing, 1);
      std::signal(number, SIG_DFL);
    };
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGBUS, &action, nullptr);
  }
};

// Touches a page without a guard; true when the foreign handler caught it.
bool caught_by_foreign_handler(MutableBytes bytes) noexcept {
  if (sigsetjmp(ForeignHandler::landing, 1) != 0) {
    ForeignHandler::is_armed = 0;
    return true;
  }
  ForeignHandler::is_armed = 1;
  load_byte(bytes);
  ForeignHandler::is_armed = 0;
  return false;
}

// What a process does whose SIGBUS was untouched before the first guard: this binary, started with
// the name of a scenario, runs it in place of main().
constexpr const char* kScenarioVariable = "MILLRACE_SIGBUS_SCENARIO";

[[noreturn]] void run_scenario(std::string_view scenario) {
  constexpr rlimit kNoCore = {0, 0};
  setrlimit(RLIMIT_CORE, &kNoCore);
  std::signal(SIGBUS, scenario.starts_with("ignored") ? SIG_IGN : SIG_DFL);
  const ScratchDirectory scratch;
  const TruncatedMapping mapping(scratch.path("a"));
  std::array<std::byte, 1> into{};
  if (guarded_copy(into, mapping.lost().first(1)).ok()) ::_exit(2);
  if (scenario.ends_with("kill")) {
    ::kill(::getpid(), SIGBUS);
  } else {
    load_byte(mapping.lost());
  }
  ::_exit(0);
}

struct ScenarioRunner {
  ScenarioRunner() {
    if (const char* scenario = std::getenv(kScenarioVariable)) run_scenario(scenario);
  }
};

const ForeignHandler foreign_handler;
const ScenarioRunner scenario_runner;

// How the process of a scenario ended, as waitpid() tells.
int status_of(const std::string& scenario) {
  const ScratchDirectory scratch;  // the scenario may be killed before it can remove its own
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kScenarioVariable, scenario.c_str(), 1);
    ::setenv("TMPDIR", scratch.path().c_str(), 1);
    ::execl("/proc/self/exe", "scenario", nullptr);
    ::_exit(127);
  }
  int status = 0;
  expect_eq(::waitpid(child, &status, 0), child);
  return status;
}

void expect_killed_by_sigbus(const std::string& scenario) {
  const int status = status_of(scenario);
  expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS, scenario);
}

const Suite guarded_copy_tests("guarded_copy", [](Suite& s) {
  s.test("copies like memcpy", [] {
    Random random;
    const std::vector<std::byte> from = random.bytes(10'000);
    std::vector<std::byte> to(from.size());
    expect_ok(guarded_copy(to, from));
    expect_eq(to, from);
    expect_ok(guarded_copy({}, {}));
  });
  s.test("a page that is gone is an error, in both directions, as often as it is touched", [] {
    const ScratchDirectory scratch;
    const TruncatedMapping mapping(scratch.path("a"));
    std::vector<std::byte> bytes(100);
    for (std::uint64_t i = 0; i < 100; ++i) {
      const Case round("time", i);
      expect_error(guarded_copy(bytes, mapping.lost().first(100)), Errc::kIo);
      expect_error(guarded_copy(mapping.lost().first(100), bytes), Errc::kIo);
      expect_ok(guarded_copy(std::span(bytes).first(6), mapping.intact().first(6)));
      expect_eq(std::span(bytes).first(6), text_bytes("intact"));
    }
  });
  s.test("a copy that runs into a missing page keeps what it copied until then", [] {
    const ScratchDirectory scratch;
    const TruncatedMapping mapping(scratch.path("a"));
    int stored = 0;
    const bool completed = guarded([&]() noexcept {
      stored = 1;
      load_byte(mapping.intact());
      stored = 2;
      load_byte(mapping.lost());
      stored = 3;
    });
    expect(!completed);
    expect_eq(stored, 2);
  });
  s.test("an inner guard catches its own fault and the outer one goes on", [] {
    const ScratchDirectory scratch;
    const TruncatedMapping mapping(scratch.path("a"));
    bool inner = true;
    const bool outer = guarded([&]() noexcept {
      inner = guarded([&]() noexcept { load_byte(mapping.lost()); });
      load_byte(mapping.intact());
    });
    expect(outer && !inner);
    const bool after_inner = guarded([&]() noexcept {
      inner = guarded([&]() noexcept { load_byte(mapping.intact()); });
      load_byte(mapping.lost());
    });
    expect(!after_inner && inner);
  });
  s.test("threads fault at once and each finds its own way back", [] {
    const ScratchDirectory scratch;
    const TruncatedMapping mapping(scratch.path("a"));
    std::array<int, 4> caught{};
    std::vector<std::thread> threads;
    for (int& count : caught) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) {
          std::byte into[8];
          count += guarded_copy(into, mapping.lost().first(8)).ok() ? 0 : 1;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const int count : caught) expect_eq(count, 1000);
  });
  s.test("a SIGBUS outside every guard goes to the handler that was there before", [] {
    const ScratchDirectory scratch;
    const TruncatedMapping mapping(scratch.path("a"));
    expect(!guarded([&]() noexcept { load_byte(mapping.lost()); }));
    const int calls = ForeignHandler::calls;
    expect(caught_by_foreign_handler(mapping.lost()));
    expect_eq(ForeignHandler::calls.load(), calls + 1);
    expect(caught_by_foreign_handler(mapping.lost()), "and again");
    expect(!guarded([&]() noexcept { load_byte(mapping.lost()); }), "the guard still works");
  });
  s.test("a SIGBUS of another thread is not taken for that of the guarded one", [] {
    const ScratchDirectory scratch;
    const TruncatedMapping mapping(scratch.path("a"));
    // Both release and acquire: they order nothing but the two threads' turns.
    std::atomic<bool> is_inside{false};
    std::atomic<bool> may_leave{false};
    bool completed = false;
    std::thread guarded_thread([&] {
      completed = guarded([&]() noexcept {
        is_inside.store(true, std::memory_order_release);
        while (!may_leave.load(std::memory_order_acquire)) std::this_thread::yield();
      });
    });
    while (!is_inside.load(std::memory_order_acquire)) std::this_thread::yield();
    expect(caught_by_foreign_handler(mapping.lost()));
    may_leave.store(true, std::memory_order_release);
    guarded_thread.join();
    expect(completed);
  });
  s.test("a SIGBUS that somebody sent is not a fault of the guarded code", [] {
    const int calls = ForeignHandler::calls;
    expect(guarded([]() noexcept { std::raise(SIGBUS); }), "the guarded code went on");
    expect_eq(ForeignHandler::calls.load(), calls + 1);
  });
  s.test("where nobody handled SIGBUS before, one outside a guard still ends the process", [] {
    expect_killed_by_sigbus("default, access");
    expect_killed_by_sigbus("default, kill");
  });
  s.test("where SIGBUS was ignored, only a sent one is", [] {
    expect_killed_by_sigbus("ignored, access");
    expect_eq(status_of("ignored, kill"), 0);
  });
});

}  // namespace
}  // namespace millrace::test
