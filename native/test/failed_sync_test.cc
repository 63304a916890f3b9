// A sync fails, and the page cache and the disk part ways: nothing is promised by a later sync, the
// log says so to everybody, and the next opening believes what the disk has.
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/boot_hash.h"
#include "core/control_snapshot.h"
#include "core/env_forwarding.h"
#include "core/env_memory.h"
#include "core/log_follower.h"
#include "core/recovery.h"
#include "test/flaky_disk.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

LogOptions mapped() {
  LogOptions options;
  options.checkpoint_ms = 1'000'000;
  options.segment_bytes = 1 * kMiB;
  return options;
}

LogOptions interval() {
  LogOptions options = mapped();
  options.written = true;
  return options;
}

LogOptions committing() {
  LogOptions options = interval();
  options.sync_commits = true;
  return options;
}

constexpr Sequence kTrimmed{16};  // by live(), somewhere in the second segment

std::shared_ptr<FlakyDisk> new_disk() {
  return std::make_shared<FlakyDisk>(std::make_shared<EnvMemory>());
}

std::vector<std::string> payloads(const std::vector<ReadRecord>& records) {
  std::vector<std::string> texts;
  for (const ReadRecord& record : records) {
    const std::string& text = record.payload;
    texts.push_back(text.size() < 20 ? text : text[0] + std::to_string(text.size()));
  }
  return texts;
}

// What can be read at or behind `from`, or behind the trim.
std::vector<ReadRecord> readable(LogFixture& log, std::uint64_t from) {
  const std::shared_ptr<ControlFile> control = log->shared()->control();
  if (!control) return {};
  return log.read_all(std::max(from, control->page().trim_sequence.load()));
}

// What one process did to a log: what it was told of each record.
struct History {
  std::map<std::uint64_t, std::string> put;  // by sequence number, stored or not
  std::uint64_t stored = 0;                  // the last one that was reported as stored
  std::uint64_t durable = 0;                 // the last one that was reported as durable
};

Result<std::size_t> put(LogFixture& log, History& history, const std::string& payload) {
  const BatchBuilder batch = BatchBuilder().add("k", payload);
  std::vector<double> numbers(1);
  std::vector<double> arrivals(1);
  Result<std::size_t> done = log->append(batch.packed(), {numbers, arrivals});
  const auto number = static_cast<std::uint64_t>(numbers[0]);
  if (number != 0) history.put[number] = payload;
  if (done) history.stored = number;
  return done;
}

// Records enough for several segments, with a flush and a trim now and then.
History live(LogFixture& log, const LogOptions& options) {
  History history;
  for (std::size_t i = 0; i < 30; ++i) {
    const char letter = static_cast<char>('a' + i % 26);
    const Result<std::size_t> done =
        put(log, history, std::string(20'000 + i * 7'919 % 150'000, letter));
    if (done && options.sync_commits) history.durable = history.stored;
    if (i % 6 == 5) {
      const std::uint64_t covered = history.stored;
      if (log->flush()) history.durable = covered;
    }
    if (i == 22) expect_ok(log->trim(kTrimmed));
    log.drain();
  }
  return history;
}

// Every record is what was put under its number, and of those that were durable none lacks.
void expect_history(const std::vector<ReadRecord>& records, const History& history) {
  std::uint64_t last = kTrimmed.value - 1;
  for (const ReadRecord& record : records) {
    // Below the trim, where a crash has lost it.
    if (record.sequence < kTrimmed.value || record.sequence > history.durable) continue;
    expect_eq(record.sequence, ++last);
  }
  expect_ge(last, history.durable);
  for (const ReadRecord& record : records) {
    const auto known = history.put.find(record.sequence);
    if (!expect(known != history.put.end(), "a record that nobody put")) continue;
    expect(known->second == record.payload, "a record with other content");
  }
}

// Runs a life in which the n-th sync fails. False when it has fewer.
bool fail_nth_sync(const LogOptions& options, const FailedSync& failure) {
  const std::shared_ptr<FlakyDisk> disk = new_disk();
  LogFixture log(disk, "log", options);
  disk->plan(failure);
  if (!expect_ok(log.open())) return false;
  const History history = live(log, options);
  log.crash();
  if (disk->failed_count() == 0) return false;
  disk->clear();
  if (!expect_ok(log.open())) return true;
  const bool past_cache = log->recovery().past_cache;
  const std::vector<ReadRecord> found = readable(log, 1);
  // Of the same place: a crash may take back a trim.
  const std::uint64_t first = found.empty() ? kTrimmed.value : found.front().sequence;
  expect_history(found, history);
  // Nothing that is shown hangs on the page cache.
  disk->drop_cache();
  expect_eq(payloads(readable(log, first)), payloads(found));
  log.crash();
  disk->crash();
  if (!expect_ok(log.open())) return true;
  const std::vector<ReadRecord> left = readable(log, first);
  expect_history(left, history);
  if (past_cache) expect_eq(payloads(left), payloads(found));
  log.append("k", "works again");
  expect_ok(log->flush());
  log.crash();
  disk->crash();
  if (!expect_ok(log.open())) return true;
  const std::vector<std::string> last = payloads(readable(log, 1));
  expect(!last.empty() && last.back() == "works again", "what was flushed is gone");
  return true;
}

void fail_each_sync(const LogOptions& options, bool for_ever) {
  std::uint64_t rounds = 0;
  for (const bool reverts : {false, true}) {
    for (const bool some : {false, true}) {
      const Case cache_reverts("the cache reverts", reverts ? 1 : 0);
      const Case some_written("some pages are written", some ? 1 : 0);
      for (std::uint64_t nth = 1;; ++nth, ++rounds) {
        const Case round("sync", nth);
        const FailedSync failure{
            .nth = nth, .for_ever = for_ever, .cache_reverts = reverts, .some_written = some};
        if (!fail_nth_sync(options, failure)) break;
      }
    }
  }
  expect_ge(rounds, 40u);
}

// Something of a log fails while its commit lands.
class CommitHook final : public EnvForwarding {
 public:
  explicit CommitHook(std::shared_ptr<Env> base) : EnvForwarding(*base), base_(std::move(base)) {}
  Result<void> write_durably(std::span<const DurableWrite> writes) override {
    Result<void> written = base_->write_durably(writes);
    if (then) then();
    return written;
  }
  std::function<void()> then;

 private:
  std::shared_ptr<Env> base_;
};

// What a checkpoint answers that another thread makes while `told` holds the news of a lost write:
// it has to wait for that, or what it stores is of records that the disk does not have.
Result<void> checkpoint_beside(LogFixture& log, const std::function<void()>& told) {
  const std::shared_ptr<Checkpointer> checkpointer = log->shared()->checkpointer();
  std::atomic<bool> over = false;
  Result<void> outcome;
  std::thread other;
  {
    const SyncsElsewhere::Turn turn = checkpointer->syncs_elsewhere().begin();
    told();
    other = std::thread([&] {
      outcome = checkpointer->run();
      over.store(true);
    });
    while (!over.load() && !checkpointer->syncs_elsewhere().is_awaited()) std::this_thread::yield();
    checkpointer->poison(PoisonStage::kSyncData,
                         {.code = Errc::kIo, .sys_errno = EIO, .message = "told elsewhere"});
  }
  other.join();
  return outcome;
}

ControlWords words(FlakyDisk& disk) { return take(read_control(disk, "log")).words; }

const Suite failed_sync_tests("failed_sync", [](Suite& s) {
  s.test("poisons every log of a commit, for every thread, and nothing later pretends success", [] {
    const auto disk = new_disk();
    LogFixture one(disk, "log", committing());
    LogFixture other(disk, "other", committing());
    expect_ok(one.open());
    expect_ok(other.open());
    one.append("k", "first");
    other.append("k", "first");
    const BatchBuilder batch = BatchBuilder().add("k", "second");
    std::array<std::vector<double>, 4> out;
    for (std::vector<double>& column : out) column.resize(1);
    disk->plan({.path_part = "log/"});
    std::vector<GroupAppend> parts{
        {.log = &one.log(), .batch = batch.packed(), .out = {out[0], out[1]}},
        {.log = &other.log(), .batch = batch.packed(), .out = {out[2], out[3]}}};
    append_together(parts);
    const std::uint64_t syncs = disk->sync_count();
    for (LogFixture* const log : {&one, &other}) {
      const GroupAppend& part = parts[log == &one ? 0 : 1];
      expect_error(part.answer, Errc::kPoisoned);
      expect_eq(part.answer.error().sys_errno, 5);
      expect(part.answer.error().message.find("the sync of a segment") != std::string::npos,
             part.answer.error().message);
      const std::unique_ptr<ShardLog> joined = ShardLog::join((*log)->shared());
      expect_error(joined->append(batch.packed(), {out[0], out[1]}), Errc::kPoisoned);
      expect_error(joined->flush(), Errc::kPoisoned);
      expect_error((*log)->flush(), Errc::kPoisoned);
      expect_error((*log)->seal({2'000}), Errc::kPoisoned);
      expect_eq(take((*log)->stats()).durable.value, 2u);
      expect_eq(payloads(log->read_all()), std::vector<std::string>{"first"});
      expect_ok(joined->close());
      expect_error((*log)->close(), Errc::kPoisoned);
    }
    expect_eq(disk->sync_count(), syncs);
    const ControlWords now = words(*disk);
    expect(now.state == LogState::kPoisoned && now.poison_stage == PoisonStage::kSyncData);
    expect_eq(now.poison_errno, 5u);
  });
  s.test("shows readers elsewhere what was durable, and no more", [] {
    const auto disk = new_disk();
    LogFixture log(disk, "log", committing());
    expect_ok(log.open());
    log.append("k", "first");
    Background background;
    const auto cache = std::make_shared<SegmentCache>(*disk, background, 8);
    LogFollower follower({disk, cache, take(current_boot_hash(*disk))}, "log", log.identity());
    disk->plan({});
    History history;
    expect_error(put(log, history, "second"), Errc::kPoisoned);
    Page page;
    const ReadCall read = [&](Sequence at, const PageLimits& limits, const PageBuffers& into) {
      return follower.read(at, limits, into);
    };
    expect_eq(payloads(take(read_page(read, 1, 10, 4'096, page))),
              std::vector<std::string>{"first"});
    background.drain();
  });
  s.test("of zeros ahead takes back no commit that has landed meanwhile", [] {
    const auto env = std::make_shared<CommitHook>(new_disk());
    LogFixture log(env, "log", committing());
    expect_ok(log.open());
    log.append("k", "first");
    env->then = [&] {
      log->shared()->checkpointer()->poison(PoisonStage::kSyncData,
                                            {.code = Errc::kIo, .sys_errno = EIO, .message = {}});
    };
    log.append("k", "second");
    expect_eq(payloads(log.read_all()), std::vector<std::string>{"first", "second"});
    History history;
    expect_error(put(log, history, "third"), Errc::kPoisoned);
  });
  s.test("that a commit was told of is not passed over by a checkpoint beside it", [] {
    LogOptions options = committing();
    options.show_committed = true;
    const auto disk = new_disk();
    const auto env = std::make_shared<CommitHook>(disk);
    LogFixture log(env, "log", options);
    expect_ok(log.open());
    log.append("k", "first");
    expect_ok(log->flush());
    // The commit's own sync is told, and not yet the log; meanwhile another thread makes a
    // checkpoint.
    Result<void> outcome;
    std::thread other;
    std::atomic<bool> over = false;
    env->then = [&] {
      const std::shared_ptr<Checkpointer> checkpointer = log->shared()->checkpointer();
      other = std::thread([&, checkpointer] {
        outcome = checkpointer->run();
        over.store(true);
      });
      SyncsElsewhere& syncs = checkpointer->syncs_elsewhere();
      while (!over.load() && !syncs.is_awaited()) std::this_thread::yield();
    };
    disk->plan({.path_part = ".seg"});
    History history;
    expect_error(put(log, history, "second"), Errc::kPoisoned);
    other.join();
    expect_error(outcome, Errc::kPoisoned);
    env->then = nullptr;
    log.crash();
    disk->crash();
    expect_ok(log.open());
    expect_eq(payloads(log.read_all()), std::vector<std::string>{"first"});
  });
  s.test("that another sync was told of is not passed over by a checkpoint (interval)", [] {
    const auto disk = new_disk();
    LogFixture log(disk, "log", interval());
    expect_ok(log.open());
    log.append("k", "first");
    expect_ok(log->flush());
    log.append("k", "second");
    const Result<void> outcome =
        checkpoint_beside(log, [&] { disk->lose_write_back(".seg", /*told=*/true); });
    expect_error(outcome, Errc::kPoisoned);
    expect_error(log->close(), Errc::kPoisoned);
    expect(words(*disk).state == LogState::kPoisoned);
    log.crash();
    disk->crash();
    expect_ok(log.open());
    expect_eq(payloads(log.read_all()), std::vector<std::string>{"first"});
  });
  s.test("under `process`: is told to the next append, a flush and the closing", [] {
    const auto disk = new_disk();
    LogFixture log(disk, "log", mapped());
    expect_ok(log.open());
    log.append("k", "first");
    expect_ok(log->flush());
    log.append("k", "second");
    disk->plan({.path_part = ".seg"});
    expect_error(log->flush(), Errc::kIo);
    History history;
    expect_error(put(log, history, "third"), Errc::kPoisoned);
    expect_error(log->flush(), Errc::kPoisoned);
    expect_eq(payloads(log.read_all()), std::vector<std::string>{"first", "second"});
    expect_eq(take(log->stats()).durable.value, 2u);
    expect_error(log->close(), Errc::kPoisoned);
    log.crash();
    // "second" is still in the page cache, and was never on the disk.
    expect_ok(log.open());
    expect(log->recovery().past_cache);
    expect_eq(payloads(log.read_all()), std::vector<std::string>{"first"});
    expect_eq(log.append("k", "third"), std::uint64_t{2} + (std::uint64_t{1} << 26));
  });
  s.test("of the control page alone loses nothing", [] {
    const auto disk = new_disk();
    LogFixture log(disk, "log", mapped());
    expect_ok(log.open());
    log.append("k", "first");
    disk->plan({.path_part = "/ctl"});
    expect_error(log->flush(), Errc::kIo);
    expect(words(*disk).poison_stage == PoisonStage::kSyncControl);
    log.crash();
    expect_ok(log.open());
    expect_eq(payloads(log.read_all()), std::vector<std::string>{"first"});
    log.append("k", "second");
    expect_ok(log->flush());
    log.crash();
    disk->crash();
    expect_ok(log.open());
    expect_eq(payloads(log.read_all()), std::vector<std::string>{"first", "second"});
  });
  s.test("of the control page, as trimmed segments go, leaves no page that calls for them", [] {
    const auto disk = new_disk();
    LogFixture log(disk, "log", mapped());
    expect_ok(log.open());
    for (int i = 0; i < 4; ++i) log.append("k", std::string(600'000, 'x'));
    expect_ok(log->flush());
    log.drain();
    disk->plan({.path_part = "/ctl"});
    expect_ok(log->trim({3}));
    log.drain();
    expect_eq(disk->failed_count(), 1u);
    History history;
    expect_error(put(log, history, "refused"), Errc::kPoisoned);
    expect(words(*disk).poison_stage == PoisonStage::kSyncControl);
    log.crash();
    expect_ok(log.open());
    log.crash();
    disk->crash();
    expect_ok(log.open());
    expect_eq(log.read_all(3).size(), 2u);
  });
  s.test("at the next opening leaves the log as it is", [] {
    const auto disk = new_disk();
    LogFixture log(disk, "log", mapped());
    expect_ok(log.open());
    log.append("k", "first");
    disk->plan({.path_part = ".seg", .for_ever = true});
    expect_error(log->flush(), Errc::kIo);
    log.crash();
    expect_error(log.open(), Errc::kIo);
    expect_error(log.open(), Errc::kIo);
    expect(words(*disk).state == LogState::kPoisoned);
    disk->clear();
    expect_ok(log.open());
    expect_eq(log.read_all().size(), 0u);
  });
  s.test("that nobody was left to note is found by the control page", [] {
    const auto disk = new_disk();
    LogFixture log(disk, "log", mapped());
    expect_ok(log.open());
    log.append("k", "first");
    expect_ok(log->flush());
    log.append("k", "second");
    disk->lose_write_back("log/", /*told=*/true);
    log.crash();
    expect_ok(log.open());
    expect(log->recovery().past_cache);
    expect_eq(payloads(log.read_all()), std::vector<std::string>{"first"});
  });
  s.test("of the system's own is met by the next one's first checkpoint", [] {
    const auto disk = new_disk();
    LogFixture log(disk, "log", mapped());
    expect_ok(log.open());
    log.append("k", "first");
    expect_ok(log->flush());
    log.append("k", "second");
    disk->lose_write_back(".seg", /*told=*/false);
    log.crash();
    expect_ok(log.open());
    expect(!log->recovery().past_cache);
    expect_error(log->flush(), Errc::kIo);
    log.crash();
    expect_ok(log.open());
    expect_eq(payloads(log.read_all()), std::vector<std::string>{"first"});
  });
  s.test("once, whichever it is: nothing durable is lost, nothing comes and goes (mapped)",
         [] { fail_each_sync(mapped(), false); });
  s.test("for ever, from whichever on: nothing comes and goes (mapped)",
         [] { fail_each_sync(mapped(), true); });
  s.test("once, whichever it is: nothing comes and goes (interval)",
         [] { fail_each_sync(interval(), false); });
  s.test("once, whichever it is: nothing durable is lost, nothing comes and goes (commit)",
         [] { fail_each_sync(committing(), false); });
  s.test("for ever, from whichever on: nothing comes and goes (commit)",
         [] { fail_each_sync(committing(), true); });
});

}  // namespace
}  // namespace millrace::test
