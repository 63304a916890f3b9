// A write-back failed, and nobody was left to note it: the next opening finds out by the control
// page, and whatever becomes of that opening, none after it believes the page cache either.
#include <memory>
#include <string>
#include <vector>

#include "core/control_snapshot.h"
#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "test/flaky_disk.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

LogOptions quiet() {
  LogOptions options;
  options.checkpoint_ms = 1'000'000;
  return options;
}

// A log of which the disk has the first record, and the page cache another one, whose write-back
// has failed. Its writer has died.
struct SuspectLog {
  SuspectLog() {
    expect_ok(log.open());
    log.append("k", "first");
    expect_ok(log->flush());
    log.append("k", "second");
    disk->lose_write_back("log/", /*told=*/true);
    log.crash();
  }
  void expect_distrusted() {
    if (!expect_ok(log.open())) return;
    expect(log->recovery().past_cache, "the page cache was believed");
    const std::vector<ReadRecord> records = log.read_all();
    expect_eq(records.size(), 1u);
    log.crash();
  }

  std::shared_ptr<FlakyDisk> disk = std::make_shared<FlakyDisk>(std::make_shared<EnvMemory>());
  std::shared_ptr<EnvFaulting> faults = std::make_shared<EnvFaulting>(*disk);
  LogFixture log{faults, "log", quiet()};
};

// Fails each call of the first opening in turn.
void fail_first_opening(Fault::Repeat repeat) {
  std::uint64_t refused = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    const Case round("call", nth);
    SuspectLog suspect;
    suspect.faults->plan({.nth = nth, .repeat = repeat});
    refused += suspect.log.open() ? 0 : 1;
    suspect.log.crash();
    const bool met = suspect.faults->fault_count() > 0;
    suspect.faults->clear();
    suspect.expect_distrusted();
    if (!met) break;
  }
  expect_ge(refused, 15u);
}

const Suite suspect_cache_tests("suspect_cache", [](Suite& s) {
  s.test("stays suspect when a call of the opening that found out fails once",
         [] { fail_first_opening(Fault::Repeat::kOnce); });
  s.test("stays suspect when every call fails from any one of it on",
         [] { fail_first_opening(Fault::Repeat::kForever); });
  s.test("stays suspect when the sync of what it had in memory fails", [] {
    SuspectLog suspect;
    suspect.disk->plan({.path_part = ".seg"});
    expect_error(suspect.log.open(), Errc::kIo);
    const ControlWords words = take(read_control(*suspect.disk, "log")).words;
    expect(words.state == LogState::kPoisoned);
    expect_eq(words.poison_errno, 5u);
    suspect.expect_distrusted();
  });
  s.test("stays suspect for the writer after one that stored nothing", [] {
    SuspectLog suspect;
    suspect.expect_distrusted();
    suspect.expect_distrusted();
    expect_ok(suspect.log.open());
    expect_ge(suspect.log.append("k", "third"), 3u);
    expect_ok(suspect.log->flush());
    suspect.log.crash();
    expect_ok(suspect.log.open());
    expect(!suspect.log->recovery().past_cache);
    expect_eq(suspect.log.read_all().size(), 2u);
  });
});

}  // namespace
}  // namespace millrace::test
