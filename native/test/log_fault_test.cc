// Every system call of a log's life fails in turn: errors are typed, nothing acknowledged is lost,
// and the log goes on, or says that it cannot.
#include <cerrno>
#include <string>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/file.h"
#include "core/segment_header.h"
#include "test/log_fixture.h"
#include "test/scratch_directory.h"

namespace millrace::test {
namespace {

// The files outlive each simulated process; the faults belong to one.
class OwningFaultingEnv {
 public:
  OwningFaultingEnv() : faulting_(std::make_shared<EnvFaulting>(*memory_)) {}
  std::shared_ptr<EnvFaulting> get() { return faulting_; }

 private:
  std::shared_ptr<EnvMemory> memory_ = std::make_shared<EnvMemory>();
  std::shared_ptr<EnvFaulting> faulting_;
};

LogOptions quiet() {
  LogOptions options;
  options.checkpoint_ms = 1'000'000;
  return options;
}

LogOptions committing() {
  LogOptions options = quiet();
  options.written = true;
  options.sync_commits = true;
  return options;
}

bool is_typed(const Error& error) {
  switch (error.code) {
    case Errc::kIo:
    case Errc::kNoSpace:
    case Errc::kPermission:
    case Errc::kPoisoned:
    case Errc::kBacklog:
    case Errc::kNotFound:
      return true;
    default:
      return false;
  }
}

// Appends until `target` records are in or something fails for good; the sequence numbers
// acknowledged go to `acknowledged`.
void live(LogFixture& log, std::vector<std::uint64_t>& acknowledged, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    BatchBuilder batch;
    for (int i = 0; i < 40; ++i)
      batch.add("key", std::string(3'000, static_cast<char>('a' + i % 26)));
    std::vector<double> offsets(batch.count());
    std::vector<double> arrivals(batch.count());
    Result<std::size_t> done = log->append(batch.packed(), {offsets, arrivals});
    if (!done && !is_typed(done.error())) fail(done.error().message);
    for (std::size_t i = 0; done && i < *done; ++i) {
      acknowledged.push_back(static_cast<std::uint64_t>(offsets[i]));
    }
    if (round % 5 == 4) {
      Result<void> flushed = log->flush();
      if (!flushed && !is_typed(flushed.error())) fail(flushed.error().message);
    }
  }
}

void expect_all(LogFixture& log, const std::vector<std::uint64_t>& acknowledged) {
  const std::vector<ReadRecord> records = log.read_all();
  std::size_t at = 0;
  for (const std::uint64_t sequence : acknowledged) {
    while (at < records.size() && records[at].sequence < sequence) ++at;
    if (at == records.size() || records[at].sequence != sequence) {
      fail("record " + std::to_string(sequence) + " was acknowledged and is gone");
      return;
    }
  }
}

std::string log_segment(const ScratchDirectory& scratch) {
  return scratch.path("log/" + segment_name(kFirstSequence));
}

Result<std::vector<ReadRecord>> read_first(LogFixture& log) {
  Page page;
  return read_page(log.log(), 1, 1, 1024, page);
}

// Runs the scenario with the n-th call failing, for every n until no fault is met.
void fail_each_call(const LogOptions& options, int sys_errno, Fault::Repeat repeat) {
  for (std::uint64_t nth = 1;; ++nth) {
    const Case round("call", nth);
    OwningFaultingEnv machine;
    LogFixture log(machine.get(), "log", options);
    std::vector<std::uint64_t> acknowledged;
    machine.get()->plan({.nth = nth, .sys_errno = sys_errno, .repeat = repeat});
    if (log.open()) {
      live(log, acknowledged, 30);
      log.drain();
      (void)log->close();
    }
    log.crash();
    const bool met = machine.get()->fault_count() > 0;
    machine.get()->clear();
    if (!expect_ok(log.open())) return;
    expect_all(log, acknowledged);
    log.append("k", "works again");
    if (!met) return;
  }
}

const Suite log_fault_tests("log_fault", [](Suite& s) {
  s.test("loses nothing when any one call fails once with EIO",
         [] { fail_each_call(quiet(), 5, Fault::Repeat::kOnce); });
  s.test("loses nothing when any call on fails with EIO for ever",
         [] { fail_each_call(quiet(), 5, Fault::Repeat::kForever); });
  s.test("loses nothing when the disk is full from any call on",
         [] { fail_each_call(quiet(), 28, Fault::Repeat::kForever); });
  s.test("loses nothing that was committed when any one call fails once with EIO",
         [] { fail_each_call(committing(), 5, Fault::Repeat::kOnce); });
  s.test("loses nothing that was committed when any call on fails with EIO for ever",
         [] { fail_each_call(committing(), 5, Fault::Repeat::kForever); });
  s.test("loses nothing that was committed when the disk is full from any call on",
         [] { fail_each_call(committing(), 28, Fault::Repeat::kForever); });
  s.test("takes interruptions for what they are", [] {
    for (std::uint64_t nth = 1; nth < 60; ++nth) {
      OwningFaultingEnv machine;
      LogFixture log(machine.get(), "log", quiet());
      machine.get()->plan({.call = EnvCall::kWrite, .nth = nth, .effect = Fault::Effect::kShort});
      machine.get()->plan({.call = EnvCall::kRead, .nth = nth, .effect = Fault::Effect::kShort});
      expect_ok(log.open());
      std::vector<std::uint64_t> acknowledged;
      live(log, acknowledged, 30);
      expect_eq(acknowledged.size(), 1'200u);
      expect_all(log, acknowledged);
    }
  });
  s.test("refuses appends after a failed sync, with stage and errno, and reads on", [] {
    OwningFaultingEnv machine;
    LogFixture log(machine.get(), "log", quiet());
    expect_ok(log.open());
    log.append("k", "one");
    machine.get()->plan({.call = EnvCall::kSyncData, .path_part = ".seg"});
    expect_error(log->flush(), Errc::kIo);
    const BatchBuilder batch = BatchBuilder().add("k", "two");
    std::vector<double> out(1);
    Result<std::size_t> refused = log->append(batch.packed(), {out, out});
    expect_error(refused, Errc::kPoisoned);
    expect_eq(refused.error().sys_errno, 5);
    expect(refused.error().message.find("sync of a segment") != std::string::npos);
    expect_error(log->flush(), Errc::kPoisoned);
    expect_eq(log.read_all().size(), 1u);
  });
  s.test("makes a checkpoint again that found no descriptor", [] {
    OwningFaultingEnv machine;
    LogFixture log(machine.get(), "log", quiet());
    expect_ok(log.open());
    for (const char* file : {".seg", "/ctl"}) {
      log.append("k", "one");
      machine.get()->plan({.call = EnvCall::kOpen, .path_part = file, .sys_errno = EMFILE});
      const Result<void> flushed = log->flush();
      expect_error(flushed, Errc::kIo);
      expect_eq(flushed.error().sys_errno, EMFILE);
      log.append("k", "two");
      expect_ok(log->flush());
      const LogStats stats = take(log->stats());
      expect_eq(stats.durable.value, stats.next.value);
    }
    expect_eq(machine.get()->fault_count(), 2u);
  });
  s.test("is poisoned though the page that is to say so is gone", [] {
    const ScratchDirectory scratch;
    const auto env = std::make_shared<EnvPosix>();
    LogFixture log(env, scratch.path("log"), quiet());
    expect_ok(log.open());
    log.append("k", "one");
    take(take(File::open(*env, scratch.path("log/ctl"), OpenMode::kReadWrite)).resize(0));
    const auto checkpointer = log->shared()->checkpointer();
    checkpointer->poison(PoisonStage::kSyncData,
                         {.code = Errc::kIo, .sys_errno = EIO, .message = {}});
    const BatchBuilder batch = BatchBuilder().add("k", "two");
    std::vector<double> out(1);
    const Result<std::size_t> refused = log->append(batch.packed(), {out, out});
    expect_error(refused, Errc::kPoisoned);
    expect(refused.error().message.find("sync of a segment failed (Input/output error)") !=
               std::string::npos,
           refused.error().message);
  });
  s.test("begins segments of a log that commits whether or not it learns how they may be synced",
         [] {
           OwningFaultingEnv machine;
           LogFixture log(machine.get(), "log", committing());
           expect_ok(log.open());
           machine.get()->plan({.call = EnvCall::kOpen, .path_part = ".seg"});
           log.append("k", "one");
           expect_eq(machine.get()->fault_count(), 1u);
           // The old segment is opened for its last commit, then the new one is looked at.
           machine.get()->plan({.call = EnvCall::kOpen, .path_part = ".seg", .nth = 2});
           log.append("k", std::string(2 * kMiB, 'x'));
           expect_eq(machine.get()->fault_count(), 2u);
           log.append("k", "three");
           expect_eq(take(log->stats()).segments, 2u);
           expect_eq(log.read_all().size(), 3u);
           log.reopen();
           expect_eq(log.read_all().size(), 3u);
         });
  s.test("meets a prepared segment that somebody cut short with an error, and goes on", [] {
    const ScratchDirectory scratch;
    const auto env = std::make_shared<EnvPosix>();
    LogFixture log(env, scratch.path("log"), quiet());
    expect_ok(log.open());
    std::vector<std::uint64_t> acknowledged;
    live(log, acknowledged, 6);  // more than half of the first segment
    log.drain();
    take(take(File::open(*env, scratch.path("log/next.tmp"), OpenMode::kReadWrite)).resize(0));
    live(log, acknowledged, 10);
    // The batch that rolled is stored in part.
    expect(acknowledged.size() > 15u * 40 && acknowledged.size() < 16u * 40);
    expect_all(log, acknowledged);
  });
  s.test("meets an active segment that somebody cut short when it rolls with an error", [] {
    const ScratchDirectory scratch;
    const auto env = std::make_shared<EnvPosix>();
    LogFixture log(env, scratch.path("log"), quiet());
    expect_ok(log.open());
    log.append("k", "one");
    take(take(File::open(*env, log_segment(scratch), OpenMode::kReadWrite)).resize(0));
    const BatchBuilder batch = BatchBuilder().add("k", std::string(2 * kMiB, 'x'));
    std::vector<double> out(1);
    (void)log->append(batch.packed(), {out, out});
    log.drain();
    expect_error(read_first(log), Errc::kCorrupt);
  });
  s.test("resumes by itself when space returns", [] {
    OwningFaultingEnv machine;
    LogFixture log(machine.get(), "log", quiet());
    expect_ok(log.open());
    std::vector<std::uint64_t> acknowledged;
    machine.get()->plan({.call = EnvCall::kReserve,
                         .path_part = ".tmp",
                         .nth = 2,
                         .sys_errno = 28,
                         .repeat = Fault::Repeat::kForever});
    live(log, acknowledged, 20);
    const std::size_t before = acknowledged.size();
    expect(before > 0 && before < 800);
    machine.get()->clear();
    live(log, acknowledged, 1);
    expect_eq(acknowledged.size(), before + 40);
    expect_all(log, acknowledged);
  });
});

}  // namespace
}  // namespace millrace::test
