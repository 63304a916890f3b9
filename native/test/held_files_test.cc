#include "core/held_files.h"

#include <cerrno>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

struct Files {
  Files() : env(memory) {
    for (const char* path : {"/a", "/b", "/c"})
      (void)take(File::open(env, path, OpenMode::kCreate));
  }
  EnvMemory memory;
  EnvFaulting env;
};

// A log that commits, in a folder of its own.
struct CommittingLog {
  CommittingLog(const LogContext& context, const std::string& directory) {
    LogOptions options;
    options.written = true;
    options.sync_commits = true;
    options.first_segment_bytes = 64 * kKiB;
    options.checkpoint_ms = 1'000'000;
    log = take(ShardLog::open(context, directory, some_identity(), options));
  }
  void append(int records) {
    BatchBuilder batch;
    for (int i = 0; i < records; ++i) batch.add("key", std::string(1'000, 'x'));
    std::vector<double> slots(batch.count());
    expect_eq(take(log->append(batch.packed(), {slots, slots})), batch.count());
  }
  std::unique_ptr<ShardLog> log;
};

const Suite held_files_tests("held_files", [](Suite& s) {
  s.test("keeps the files that were used last", [] {
    Files files;
    HeldFiles held(2);
    const std::weak_ptr<File> a = take(held.open(files.env, "/a"));
    const std::weak_ptr<File> b = take(held.open(files.env, "/b"));
    held.used(a.lock());
    const std::weak_ptr<File> c = take(held.open(files.env, "/c"));
    expect(!a.expired());
    expect(b.expired());
    expect(!c.expired());
    expect_eq(held.count(), std::size_t{2});
  });
  s.test("closes nothing under who uses it", [] {
    Files files;
    HeldFiles held(1);
    const std::shared_ptr<File> a = take(held.open(files.env, "/a"));
    (void)take(held.open(files.env, "/b"));
    expect_ok(a->write_all(text_bytes("still open"), FileOffset{0}));
  });
  s.test("gives all back when the process is out of descriptors", [] {
    Files files;
    HeldFiles held(8);
    const std::weak_ptr<File> a = take(held.open(files.env, "/a"));
    files.env.plan({.call = EnvCall::kOpen, .path_part = "/b", .sys_errno = EMFILE});
    (void)take(held.open(files.env, "/b"));
    expect(a.expired());
    expect_eq(held.count(), std::size_t{1});
  });
  s.test("says so when that does not help", [] {
    Files files;
    HeldFiles held(8);
    files.env.plan({.call = EnvCall::kOpen,
                    .path_part = "/b",
                    .sys_errno = EMFILE,
                    .repeat = Fault::Repeat::kForever});
    const auto refused = held.open(files.env, "/b");
    expect(!refused && refused.error().sys_errno == EMFILE);
  });
  s.test("serves more logs than it may hold files, and lets go of those that are closed", [] {
    const auto env = std::make_shared<EnvMemory>();
    Background background;
    const auto held = std::make_shared<HeldFiles>(1);
    const LogContext context{env, &background, std::make_shared<SegmentCache>(*env, background, 8),
                             held};
    CommittingLog one(context, "/one");
    CommittingLog two(context, "/two");
    for (int round = 0; round < 30; ++round) {
      one.append(10);
      two.append(10);
      expect_eq(held->count(), std::size_t{1});
    }
    expect_eq(take(one.log->stats()).next.value, std::uint64_t{301});
    expect_eq(take(two.log->stats()).next.value, std::uint64_t{301});
    expect_ok(one.log->close());
    expect_ok(two.log->close());
    expect_eq(held->count(), std::size_t{0});
  });
  s.test("opens a log's file once for many commits", [] {
    EnvMemory memory;
    const auto env = std::make_shared<EnvFaulting>(memory);
    Background background;
    const LogContext context{env, &background, std::make_shared<SegmentCache>(*env, background, 8),
                             std::make_shared<HeldFiles>(8)};
    CommittingLog log(context, "/log");
    log.append(1);
    background.drain();
    const std::uint64_t opened = env->call_count(EnvCall::kOpen);
    for (int round = 0; round < 5; ++round) log.append(1);
    background.drain();
    expect_eq(env->call_count(EnvCall::kOpen), opened);
  });
});

}  // namespace
}  // namespace millrace::test
