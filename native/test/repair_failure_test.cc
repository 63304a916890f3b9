// Repairs that fail half-way, on devices that are full, or that cannot be read at the first time.
#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "core/env_faulting.h"
#include "core/repair.h"
#include "test/repair_fixture.h"

namespace millrace::test {
namespace {

// Fails every call of a repair in turn, once and for ever, and lets the repair run again: nothing
// that was kept may be lost by that.
const Suite interrupted_tests("an interrupted repair", [](Suite& s) {
  s.test("leaves the log as it was or better, and finishes when it runs again", [] {
    StoreFixture store(short_segments());
    make_small(store);
    store.write(store.segment(0), 0x3000 + 100, text_bytes("damage"));
    store.flip(store.segment(1), 33);
    store.flip(store.file("ctl"), 130 * 8);
    const StoreImage damaged = store.image();
    expect_eq(repaired(store).rewritten.size(), 3u);
    store.open();
    const std::vector<std::uint64_t> kept = numbers_of(store.log().read_all());
    expect_eq(kept.size(), 8u);
    store.log().crash();
    store.restore(damaged);
    std::uint64_t interrupted = 0;
    for (std::uint64_t call = 1;; ++call) {
      const Case round("call", call);
      EnvFaulting env(store.env());
      env.plan({.path_part = "shards/",
                .nth = call,
                .sys_errno = 28,
                .repeat = Fault::Repeat::kForever});
      const Result<RepairReport> report = try_repair(env, store.root());
      const bool refused = !report || report->logs.at(0).outcome == RepairOutcome::kRefused;
      // Everything that was damaged is there as it was, in its place or set aside.
      const StoreImage now = store.image();
      for (const auto& [path, bytes] : damaged) {
        const auto is_there = [&](const auto& file) { return file.second == bytes; };
        expect(std::ranges::any_of(now, is_there), path);
      }
      if (!refused) break;
      ++interrupted;
      (void)repaired(store);
      store.expect_no_damage();
      store.open();
      expect(numbers_of(store.log().read_all()) == kept, "other records are kept");
      store.log().crash();
      store.restore(damaged);
    }
    expect_ge(interrupted, 30u);
  });
});

// Fails every call of a repair in turn, once, as a device does whose sector could not be read at
// the first time. Calls `after` with what the repair says; answers how many calls there were.
template <typename After>
std::uint64_t fail_each_once(StoreFixture& store, int sys_errno, After after) {
  const StoreImage image = store.image();
  for (std::uint64_t call = 1;; ++call) {
    const Case round("call", call);
    EnvFaulting env(store.env());
    env.plan({.path_part = "store", .nth = call, .sys_errno = sys_errno});
    after(try_repair(env, store.root()));
    store.restore(image);
    // Not every call can be interrupted.
    if (env.call_count() < call) return call;
  }
}

const Suite failed_read_tests("a repair on a device that fails once", [](Suite& s) {
  s.test("changes nothing that is sound", [] {
    StoreFixture store(short_segments());
    make_small(store);
    const StoreImage image = store.image();
    std::uint64_t told = 0;
    const std::uint64_t calls = fail_each_once(store, EIO, [&](const Result<RepairReport>& report) {
      expect(store.is(image), "a sound store was changed");
      if (!report) return void(++told);
      const LogRepair& log = report->logs.at(0);
      expect(log.outcome != RepairOutcome::kRepaired);
      if (!log.refusal) return;
      ++told;
      expect_eq(log.refusal->code, Errc::kIo);
    });
    expect_ge(calls, 40u);
    expect_ge(told, 20u);
  });
  s.test("writes nothing anew but what is damaged", [] {
    StoreFixture store(short_segments());
    make_small(store);
    store.write(store.segment(1), 0x3000 + 100, text_bytes("damage"));
    const std::vector<std::string> damaged = repaired(store, {.dry_run = true}).rewritten;
    expect_eq(damaged.size(), 1u);
    fail_each_once(store, EIO, [&](const Result<RepairReport>& report) {
      if (!report) return;
      for (const std::string& file : report->logs.at(0).rewritten) expect_eq(file, damaged.at(0));
    });
  });
  s.test("does to each file what a repair does that nothing disturbs, or nothing", [] {
    StoreFixture store(short_segments());
    make_small(store);
    store.write(store.segment(1), 0x3000 + 100, text_bytes("damage"));
    store.flip(store.file("ctl"), 130 * 8);
    const StoreImage damaged = store.image();
    expect_eq(repaired(store).rewritten.size(), 2u);
    const StoreImage right = store.image();
    store.restore(damaged);
    std::uint64_t refused = 0;
    fail_each_once(store, EIO, [&](const Result<RepairReport>& report) {
      const bool done = report && report->logs.at(0).outcome == RepairOutcome::kRepaired;
      refused += done ? 0 : 1;
      const StoreImage now = store.image();
      for (const auto& [path, bytes] : now) expect(!path.ends_with(".tmp"), path);
      for (const auto& [path, bytes] : damaged) {
        const auto there = now.find(path);
        const bool is_right = there != now.end() && there->second == right.at(path);
        const bool is_old = there != now.end() && there->second == bytes;
        expect(is_right || (is_old && !done), path);
      }
    });
    expect_ge(refused, 60u);
  });
  s.test("takes an interruption for what it is", [] {
    StoreFixture store(short_segments());
    make_small(store);
    store.write(store.segment(1), 0x3000 + 100, text_bytes("damage"));
    store.flip(store.file("ctl"), 130 * 8);
    std::uint64_t repairs = 0;
    const std::uint64_t calls =
        fail_each_once(store, EINTR, [&](const Result<RepairReport>& report) {
          if (!expect_ok(report)) return;
          expect(report->logs.at(0).outcome == RepairOutcome::kRepaired);
          ++repairs;
        });
    expect_eq(repairs, calls);
  });
});

}  // namespace
}  // namespace millrace::test
