// Logs whose frames are written by calls, alone and several in one commit.
#include <algorithm>
#include <thread>

#include "core/env_faulting.h"
#include "core/env_forwarding.h"
#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/env_recording.h"
#include "core/file.h"
#include "core/paths.h"
#include "test/log_fixture.h"
#include "test/scratch_directory.h"

namespace millrace::test {
namespace {

LogOptions committing() {
  LogOptions options;
  options.written = true;
  options.sync_commits = true;
  options.first_segment_bytes = 64 * kKiB;
  options.segment_bytes = 256 * kKiB;
  options.checkpoint_ms = 1'000'000;
  return options;
}

LogOptions writing() {
  LogOptions options = committing();
  options.sync_commits = false;
  return options;
}

BatchBuilder batch_of(int records, std::size_t payload_bytes, char fill = 'p') {
  BatchBuilder batch;
  for (int i = 0; i < records; ++i) {
    batch.add("key-" + std::to_string(i), std::string(payload_bytes, fill));
  }
  return batch;
}

// The files of a folder as they are, in another machine's memory.
void copy_folder(Env& from, Env& to, const std::string& folder) {
  expect_ok(to.make_directory(folder));
  for (const DirectoryEntry& entry : take(from.list(folder))) {
    const std::string path = join_path(folder, entry.name);
    const File source = take(File::open(from, path, OpenMode::kRead));
    std::vector<std::byte> bytes(take(source.bytes()));
    expect_ok(source.read_exactly(bytes, FileOffset{0}));
    File copy = take(File::open(to, path, OpenMode::kCreate));
    expect_ok(copy.write_all(bytes, FileOffset{0}));
  }
}

// Looks at a log at the moment at which its frames are about to be made durable, or at every moment
// at which something of it was stored or is about to be written.
class WatchingEnv final : public EnvForwarding {
 public:
  using EnvForwarding::EnvForwarding;
  Result<std::size_t> pwrite(FileId file, Bytes from, FileOffset at) override {
    look();
    return EnvForwarding::pwrite(file, from, at);
  }
  void stored(Bytes range) noexcept override {
    look();
    EnvForwarding::stored(range);
  }
  Result<void> write_durably(std::span<const DurableWrite> writes) override {
    ++commits;
    ranges = writes.size();
    if (before) before();
    Result<void> written = EnvForwarding::write_durably(writes);
    if (behind) behind();
    return written;
  }
  // The same of all, so that what one leaves can be moved to another.
  Result<std::string> boot_id() override { return std::string(16, 'b'); }
  void begin_durable(const DurableWrite&) noexcept override { ++begun; }
  Result<FileOffset> shares_flush_below(FileId) override { return shares_flush; }
  std::function<void()> before;
  std::function<void()> behind;  // before anybody learns that it is done
  std::function<void()> always;  // on the thread of the test, not on helpers
  int commits = 0;
  int begun = 0;
  FileOffset shares_flush;
  std::size_t ranges = 0;

 private:
  void look() {
    if (always && std::this_thread::get_id() == thread_) always();
  }

  const std::thread::id thread_ = std::this_thread::get_id();
};

struct Watched {
  Watched() : env(std::make_shared<WatchingEnv>(memory)) {}
  EnvMemory memory;
  std::shared_ptr<WatchingEnv> env;
};

// One batch for each of several logs, and where the answers go.
struct Round {
  Round(const std::vector<LogFixture*>& logs, BatchBuilder records) : batch(std::move(records)) {
    offsets.resize(logs.size(), std::vector<double>(batch.count()));
    arrivals = offsets;
    for (std::size_t i = 0; i < logs.size(); ++i) {
      appends.push_back(
          {.log = &logs[i]->log(), .batch = batch.packed(), .out = {offsets[i], arrivals[i]}});
    }
  }
  BatchBuilder batch;
  std::vector<std::vector<double>> offsets;
  std::vector<std::vector<double>> arrivals;
  std::vector<GroupAppend> appends;
};

void survives_rolls(const LogOptions& options, const std::shared_ptr<Env>& env,
                    const std::string& directory) {
  LogFixture log(env, directory, options);
  expect_ok(log.open());
  for (int i = 0; i < 200; ++i) log.append(batch_of(10, 3'000, static_cast<char>('a' + i % 26)));
  const std::vector<ReadRecord> written = log.read_all();
  expect_eq(written.size(), std::size_t{2'000});
  expect_ge(take(log->stats()).segments, std::uint64_t{4});
  log.crash();
  expect_ok(log.open());
  expect(log.read_all() == written);
  log.append("after", "the crash");
  expect_eq(log.read_all().size(), std::size_t{2'001});
  log.reopen();
  expect_eq(log.read_all().back().payload, std::string("the crash"));
}

const Suite group_append_tests("group append", [](Suite& s) {
  s.test("keeps every record across rolls, a crash and a reopening", [] {
    survives_rolls(committing(), std::make_shared<EnvMemory>(), "/log");
    survives_rolls(writing(), std::make_shared<EnvMemory>(), "/log");
  });
  s.test("does the same on the machine's disk", [] {
    const ScratchDirectory scratch;
    survives_rolls(committing(), std::make_shared<EnvPosix>(), scratch.path("log"));
    survives_rolls(writing(), std::make_shared<EnvPosix>(), scratch.path("other"));
  });
  s.test("goes on in a segment that a mapped writer left, and the other way round", [] {
    const auto env = std::make_shared<EnvMemory>();
    for (const LogOptions& options : {LogOptions{}, committing(), LogOptions{}, writing()}) {
      LogFixture log(env, "/log", options);
      expect_ok(log.open());
      log.append(batch_of(20, 500));
      expect_ok(log->close());
    }
    LogFixture log(env, "/log", committing());
    expect_ok(log.open());
    expect_eq(log.read_all().size(), std::size_t{80});
  });
  s.test("answers a commit with durable records", [] {
    LogFixture log(std::make_shared<EnvMemory>(), "/log", committing());
    expect_ok(log.open());
    log.append(batch_of(3, 100));
    const LogStats stats = take(log->stats());
    expect_eq(stats.durable.value, stats.next.value);
  });
  s.test("answers a mere write without calling it durable", [] {
    LogFixture log(std::make_shared<EnvMemory>(), "/log", writing());
    expect_ok(log.open());
    log.append(batch_of(3, 100));
    expect(take(log->stats()).durable < take(log->stats()).next);
    expect_ok(log->flush());
    expect(take(log->stats()).durable == take(log->stats()).next);
  });
  s.test("shows nothing before it is durable", [] {
    Watched watched;
    LogFixture log(watched.env, "/log", committing());
    expect_ok(log.open());
    log.append("first", "1");
    std::size_t seen = 99;
    watched.env->before = [&] { seen = log.read_all().size(); };
    log.append("second", "2");
    expect_eq(seen, std::size_t{1});
    expect_eq(log.read_all().size(), std::size_t{2});
  });
  s.test("lets what can share a flush go ahead, and shows none of it before", [] {
    Watched watched;
    watched.env->shares_flush = FileOffset{1 * kMiB};
    LogFixture one(watched.env, "/one", committing());
    LogFixture other(watched.env, "/other", committing());
    for (LogFixture* log : {&one, &other}) {
      expect_ok(log->open());
      log->append("first", "1");
    }
    expect_eq(watched.env->begun, 0);  // alone: one call writes and syncs
    Round round({&one, &other}, batch_of(3, 100));
    std::size_t seen = 99;
    int begun = 0;
    watched.env->before = [&] {
      begun = watched.env->begun;
      seen = one.read_all().size() + other.read_all().size();
    };
    append_together(round.appends);
    expect_eq(begun, 2);
    expect_eq(seen, std::size_t{2});
    expect_eq(one.read_all().size() + other.read_all().size(), std::size_t{8});
  });
  s.test("loses only the log that cannot be written ahead", [] {
    Watched watched;
    watched.env->shares_flush = FileOffset{1 * kMiB};
    const auto env = std::make_shared<EnvFaulting>(*watched.env);
    LogFixture one(env, "/one", committing());
    LogFixture other(env, "/other", committing());
    for (LogFixture* log : {&one, &other}) {
      expect_ok(log->open());
      log->append("first", "1");
    }
    env->plan({.call = EnvCall::kWrite, .path_part = "/one", .sys_errno = 5});
    Round round({&one, &other}, batch_of(3, 100));
    append_together(round.appends);
    expect_error(round.appends[0].answer, Errc::kPoisoned);
    expect_ok(round.appends[1].answer);
    expect_eq(one.read_all().size(), std::size_t{1});
    expect_eq(other.read_all().size(), std::size_t{4});
  });
  s.test("shows what is written at once if asked to", [] {
    Watched watched;
    LogOptions options = committing();
    options.show_committed = true;
    LogFixture log(watched.env, "/log", options);
    expect_ok(log.open());
    log.append("first", "1");
    std::size_t seen = 99;
    watched.env->before = [&] { seen = log.read_all().size(); };
    log.append("second", "2");
    expect_eq(seen, std::size_t{2});
  });
  s.test("shows a reader that comes while the first records are stored where they begin", [] {
    for (const LogOptions& options : {committing(), writing()}) {
      Watched watched;
      LogFixture one(watched.env, "/one", options);
      LogFixture other(watched.env, "/other", options);
      expect_ok(one.open());
      expect_ok(other.open());
      Round round({&one, &other}, batch_of(3, 100));
      int looks = 0;
      std::uint64_t oldest = 0;
      std::uint64_t sought = 0;
      watched.env->always = [&] {
        ++looks;
        for (LogFixture* log : {&one, &other}) {
          oldest = std::max(oldest, take((*log)->stats()).first.value);
          sought = std::max(sought, take((*log)->seek({0})).value);
        }
      };
      append_together(round.appends);
      expect_ge(looks, 2);
      expect_eq(oldest, std::uint64_t{1});
      expect_eq(sought, std::uint64_t{1});
    }
  });
  s.test("never counts the end of a log among its records", [] {
    for (const LogOptions& options : {committing(), writing()}) {
      Watched watched;
      LogFixture log(watched.env, "/log", options);
      expect_ok(log.open());
      log.append(batch_of(3, 100));
      std::uint64_t records = 0;
      watched.env->always = [&] {
        const LogStats stats = take(log->stats());
        records = std::max(records, stats.next.value - stats.first.value - (stats.sealed ? 1 : 0));
      };
      expect_ok(log->seal({2'000}));
      expect_eq(records, std::uint64_t{3});
    }
  });
  s.test("makes several logs durable in one call", [] {
    Watched watched;
    LogIdentity other = some_identity();
    other.shard = 4;
    LogFixture one(watched.env, "/one", committing());
    LogFixture two(watched.env, "/two", committing(), other);
    expect_ok(one.open());
    expect_ok(two.open());
    Round round({&one, &two}, batch_of(5, 100));
    append_together(round.appends);
    expect_eq(watched.env->commits, 1);
    expect_eq(watched.env->ranges, std::size_t{2});
    for (const GroupAppend& append : round.appends) expect_eq(take(append.answer), std::size_t{5});
    expect_eq(one.read_all().size(), std::size_t{5});
    expect_eq(two.read_all().size(), std::size_t{5});
  });
  s.test("takes several batches of one log in one commit", [] {
    Watched watched;
    LogFixture log(watched.env, "/log", committing());
    expect_ok(log.open());
    Round round({&log, &log, &log}, batch_of(5, 100));
    append_together(round.appends);
    expect_eq(watched.env->commits, 1);
    expect_eq(round.offsets[2][4], 15.0);
    expect_eq(log.read_all().size(), std::size_t{15});
  });
  s.test("poisons every log of a commit that failed, and shows none of it", [] {
    EnvMemory memory;
    const auto faulting = std::make_shared<EnvFaulting>(memory);
    LogIdentity other = some_identity();
    other.shard = 4;
    LogFixture one(faulting, "/one", committing());
    LogFixture two(faulting, "/two", committing(), other);
    expect_ok(one.open());
    expect_ok(two.open());
    one.append("before", "1");
    two.append("before", "1");
    faulting->plan({.call = EnvCall::kSyncData, .path_part = "/two/"});
    Round round({&one, &two}, batch_of(5, 100));
    append_together(round.appends);
    for (const GroupAppend& append : round.appends) {
      expect(!append.answer && append.answer.error().code == Errc::kPoisoned);
    }
    expect_eq(one.read_all().size(), std::size_t{1});
    expect_eq(two.read_all().size(), std::size_t{1});
    double slot = 0;
    const BatchBuilder again = batch_of(1, 1);
    expect(one->append(again.packed(), {{&slot, 1}, {&slot, 1}}).error().code == Errc::kPoisoned);
  });
  s.test("lets the others land when one log cannot be opened to be written", [] {
    EnvMemory memory;
    const auto faulting = std::make_shared<EnvFaulting>(memory);
    LogIdentity other = some_identity();
    other.shard = 4;
    LogFixture one(faulting, "/one", committing());
    LogFixture two(faulting, "/two", committing(), other);
    expect_ok(one.open());
    expect_ok(two.open());
    one.append("before", "1");
    two.append("before", "1");
    faulting->plan({.call = EnvCall::kOpen, .path_part = "/two/"});
    Round round({&one, &two}, batch_of(5, 100));
    append_together(round.appends);
    expect_eq(take(round.appends[0].answer), std::size_t{5});
    expect_error(round.appends[1].answer, Errc::kPoisoned);
    expect_eq(one.read_all().size(), std::size_t{6});
  });
  s.test("ends a log durably", [] {
    LogFixture log(std::make_shared<EnvMemory>(), "/log", committing());
    expect_ok(log.open());
    log.append(batch_of(3, 100));
    const Sequence end = take(log->seal({2'000}));
    expect_eq(end.value, std::uint64_t{4});
    log.crash();
    expect_ok(log.open());
    expect(take(log->stats()).sealed);
    expect_eq(log.read_all().size(), std::size_t{3});
  });
  s.test("shows all it goes on from, though an earlier writer showed only what was durable", [] {
    for (const LogOptions& options : {LogOptions{}, writing(), committing()}) {
      const Watched disk;
      const Watched left;  // by a process that dies behind its write
      LogFixture log(disk.env, "/log", committing());
      expect_ok(log.open());
      log.append("key", "first");
      disk.env->behind = [&] { copy_folder(*disk.env, *left.env, "/log"); };
      log.append("key", "second");
      LogFixture next(left.env, "/log", options);
      expect_ok(next.open());
      expect_eq(take(next->stats()).next.value, std::uint64_t{3});
      expect_eq(next.read_all().size(), std::size_t{2});
      expect_eq(next.append("key", "third"), std::uint64_t{3});
    }
  });
  s.test("makes what an earlier writer left durable before it shows it", [] {
    const auto env = std::make_shared<EnvMemory>();
    LogOptions mapped;
    mapped.checkpoint_ms = 1'000'000;
    LogFixture before(env, "/log", mapped);
    expect_ok(before.open());
    before.append(batch_of(7, 100));
    before.crash();
    LogFixture log(env, "/log", committing());
    expect_ok(log.open());
    expect(take(log->stats()).durable == take(log->stats()).next);
    expect_eq(log.read_all().size(), std::size_t{7});
  });
  s.test("syncs all that a record needs before the commit returns", [] {
    EnvMemory memory;
    const auto recording = std::make_shared<EnvRecording>(memory);
    LogFixture log(recording, "/log", committing());
    expect_ok(log.open());
    (void)recording->take_calls();
    log.append(batch_of(3, 100));
    bool name_is_durable = false;
    bool frames_are_durable = false;
    for (const RecordedCall& call : recording->take_calls()) {
      using Kind = RecordedCall::Kind;
      if (call.kind == Kind::kRename) name_is_durable = false;
      if (call.kind == Kind::kSyncDirectory && call.path == "/log") name_is_durable = true;
      if (call.kind == Kind::kWrite) frames_are_durable = false;
      if (call.kind == Kind::kSyncData) frames_are_durable = true;
    }
    expect(name_is_durable);
    expect(frames_are_durable);
  });
});

}  // namespace
}  // namespace millrace::test
