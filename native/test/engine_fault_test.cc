// Every system call of two processes that use all of the engine fails in turn, in every mode and in
// every way: errors are typed, nothing acknowledged is lost, nothing refused appears, nothing stays
// open, and the store goes on, or says that it cannot until it is opened again.
//
// A short run takes one way to fail for each call; MILLRACE_FAULTS=all takes every way.
// MILLRACE_FAULT=<call>,<errno or "short">,<once or ever> runs one round, as a failure names it.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "test/flaky_disk.h"
#include "test/store_life.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace millrace::test {
namespace {

struct Mode {
  const char* name;
  LogOptions options;
  std::uint64_t step = 1;  // in a short run: what two modes do alike fails every third time in one
};

LogOptions options_of(bool sync, bool written, bool commits) {
  LogOptions options;
  options.checkpoint_ms = 1'000'000;  // checkpoints are asked for, or come of rolls
  options.segment_bytes = 1 * kMiB;
  options.sync = sync;
  options.written = written;
  options.sync_commits = commits;
  return options;
}

const std::array kModes{
    Mode{"process", options_of(true, false, false)},
    Mode{"interval", options_of(true, true, false), 3},
    Mode{"commit", options_of(true, true, true)},
    Mode{"none", options_of(false, false, false), 3},
};

// One way to fail; the call is added.
struct Way {
  int sys_errno;  // 0: a transfer is short
  Fault::Repeat repeat;
};

constexpr std::array kErrnos{EIO, ENOSPC, EINTR, EDQUOT, EROFS, EMFILE, ENOMEM, 0};
constexpr std::size_t kWays = kErrnos.size() * 2;

Way way(std::size_t index) {
  return {kErrnos[index / 2], index % 2 == 0 ? Fault::Repeat::kOnce : Fault::Repeat::kForever};
}

// The machine that both processes run on.
struct Machine {
  std::shared_ptr<FlakyDisk> disk = std::make_shared<FlakyDisk>(std::make_shared<EnvMemory>());
  std::shared_ptr<EnvFaulting> faults = std::make_shared<EnvFaulting>(*disk);

  StoreLife life(const Mode& mode) {
    return {faults, mode.options, [this] { disk->drop_cache(); }};
  }
};

using Hits = std::array<std::uint64_t, kEnvCallCount>;

void expect_nothing_held(const Machine& machine) {
  expect_eq(machine.disk->open_files(), 0u);
  expect_eq(machine.disk->mappings(), 0u);
}

// Nothing was done, so nothing can have been lost.
bool is_out_of_descriptors(const Machine& machine, const Way& how) {
  if (how.sys_errno != EMFILE || how.repeat != Fault::Repeat::kOnce) return false;
  const std::string call = machine.faults->first_fault();
  return call.starts_with(name_of(EnvCall::kOpen)) ||
         call.starts_with(name_of(EnvCall::kSyncDirectory));
}

// False when there are fewer calls.
bool fail_call(const Mode& mode, std::uint64_t nth, const Way& how) {
  const Case call("call", nth);
  const Case number("errno (0: short)", static_cast<std::uint64_t>(how.sys_errno));
  const Case ever("for ever", how.repeat == Fault::Repeat::kForever ? 1 : 0);
  Machine machine;
  StoreLife life = machine.life(mode);
  const auto effect = how.sys_errno == 0 ? Fault::Effect::kShort : Fault::Effect::kFail;
  machine.faults->plan(
      {.nth = nth, .effect = effect, .sys_errno = how.sys_errno, .repeat = how.repeat});
  life.run();
  const bool met = machine.faults->fault_count() > 0;
  machine.faults->clear();
  const bool harmless =
      how.sys_errno == 0 || (how.sys_errno == EINTR && how.repeat == Fault::Repeat::kOnce);
  if (harmless || !met) expect_eq(life.first_error(), std::string());
  life.expect_works();
  if (is_out_of_descriptors(machine, how)) expect_eq(life.poisoned_count(), 0u);
  life.die();
  expect_nothing_held(machine);
  life.expect_found(StoreLife::Since::kProcessDied);
  if (mode.options.sync) {
    machine.disk->crash();
    life.expect_found(StoreLife::Since::kSystemDied);
  }
  expect_nothing_held(machine);
  return met;
}

std::optional<std::pair<std::uint64_t, Way>> chosen() {
  const char* const text = std::getenv("MILLRACE_FAULT");
  if (text == nullptr) return std::nullopt;
  unsigned long long nth = 0;
  std::array<char, 8> number{};
  std::array<char, 8> repeat{};
  if (std::sscanf(text, "%llu,%7[^,],%7s", &nth, number.data(), repeat.data()) != 3) {
    stop("MILLRACE_FAULT is <call>,<errno or short>,<once or ever>");
  }
  return std::pair{nth, Way{std::atoi(number.data()), std::strcmp(repeat.data(), "ever") == 0
                                                          ? Fault::Repeat::kForever
                                                          : Fault::Repeat::kOnce}};
}

// Each round takes and gives back the same memory, which the system need not zero each time.
void keep_memory() {
#if defined(__GLIBC__)
  ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

void fail_calls(const Mode& mode) {
  keep_memory();
  if (const auto one = chosen()) {
    fail_call(mode, one->first, one->second);
    return;
  }
  const char* const asked = std::getenv("MILLRACE_FAULTS");
  const bool all = asked != nullptr && std::strcmp(asked, "all") == 0;
  Random random;
  const std::size_t first = random.below(kWays);
  for (std::uint64_t nth = 1;; nth += all ? 1 : mode.step) {
    bool met = false;
    // Neighbouring calls fail in different ways.
    for (std::size_t i = 0; i < (all ? kWays : 1); ++i) {
      met = fail_call(mode, nth, way((first + nth * 7 + i) % kWays)) || met;
    }
    // Ways that touch some calls only run out before the calls do.
    if (!met && !fail_call(mode, nth, {EIO, Fault::Repeat::kOnce})) {
      if (all) std::printf("%s: %llu calls\n", mode.name, static_cast<unsigned long long>(nth - 1));
      return;
    }
  }
}

const Suite engine_fault_tests("engine_fault", [](Suite& s) {
  s.test("is not vacuous: every kind of call that the engine makes is made", [] {
    Hits hits{};
    for (const Mode& mode : kModes) {
      Machine machine;
      StoreLife life = machine.life(mode);
      life.run();
      expect_eq(life.first_error(), std::string());
      life.expect_works();
      life.die();
      for (std::size_t call = 0; call < kEnvCallCount; ++call) {
        hits[call] += machine.faults->call_count(static_cast<EnvCall>(call));
      }
    }
    for (std::size_t call = 0; call < kEnvCallCount; ++call) {
      const auto kind = static_cast<EnvCall>(call);
      // Of the tail watcher, and of file systems that reserve no room.
      if (kind == EnvCall::kWaitOn || kind == EnvCall::kWaitAny) continue;
      if (kind == EnvCall::kResize) continue;
      expect_ge(hits[call], 1u);
      if (hits[call] == 0) fail(name_of(kind));
    }
  });
  for (const Mode& mode : kModes) {
    s.test(std::string("loses nothing and hides nothing, whichever call fails: ") + mode.name,
           [&mode] { fail_calls(mode); });
  }
});

}  // namespace
}  // namespace millrace::test
