// Zeros that a helper thread writes ahead of the frames of a log that commits.
#include "core/zeros_ahead.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "core/env_forwarding.h"
#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/file.h"
#include "test/log_fixture.h"
#include "test/scratch_directory.h"

namespace millrace::test {
namespace {

constexpr std::uint64_t kFileBytes = 8 * kMiB;

// Notes what threads other than its maker's write, and holds them up if asked to.
class HelperEnv final : public EnvForwarding {
 public:
  using EnvForwarding::EnvForwarding;
  Result<std::size_t> pwrite(FileId file, Bytes from, FileOffset at) override {
    if (!is_helper()) return EnvForwarding::pwrite(file, from, at);
    if (gate.valid() && !std::exchange(reached_, true)) {
      helper_here.set_value();
      gate.wait();
    }
    first = std::min(first.load(), at.bytes);
    last = std::max(last.load(), at.bytes + from.size());
    return EnvForwarding::pwrite(file, from, at);
  }
  Result<void> sync_data(FileId file) override {
    if (is_helper() && fails) return Error{.code = Errc::kIo, .sys_errno = 5, .message = "sync"};
    if (is_helper()) ++syncs;
    return EnvForwarding::sync_data(file);
  }

  std::shared_future<void> gate;
  std::promise<void> helper_here;
  std::atomic<std::uint64_t> first{UINT64_MAX};
  std::atomic<std::uint64_t> last{0};
  std::atomic<int> syncs{0};
  std::atomic<bool> fails{false};

 private:
  bool is_helper() const { return std::this_thread::get_id() != maker_; }
  const std::thread::id maker_ = std::this_thread::get_id();
  bool reached_ = false;  // helper only
};

// A segment of 8 MiB whose frames end at 100,000.
struct Segment {
  Segment() : env(std::make_shared<HelperEnv>(memory)) {
    File file = take(File::open(*env, "/segment", OpenMode::kCreate));
    expect_ok(file.resize(kFileBytes));
    zeros = std::make_shared<ZerosAhead>(env,
                                         ZerosAhead::Segment{.path = "/segment",
                                                             .file_bytes = kFileBytes,
                                                             .tail = tail,
                                                             .filled = FileOffset{0},
                                                             .shares_flush = FileOffset{0}},
                                         std::weak_ptr<Checkpointer>());
  }
  EnvMemory memory;
  std::shared_ptr<HelperEnv> env;
  FileOffset tail{100'000};
  std::shared_ptr<ZerosAhead> zeros;
  Background background;
};

LogOptions committing() {
  LogOptions options;
  options.written = true;
  options.sync_commits = true;
  options.segment_bytes = 16 * kMiB;
  options.checkpoint_ms = 1'000'000;
  return options;
}

BatchBuilder ten_records(int round) {
  BatchBuilder batch;
  for (int i = 0; i < 10; ++i) {
    batch.add("key", std::string(3'000, static_cast<char>('a' + round % 26)));
  }
  return batch;
}

const Suite zeros_ahead_tests("zeros_ahead", [](Suite& s) {
  s.test("fills what was asked for behind the tail, and syncs it", [] {
    Segment segment;
    segment.zeros->keep_ahead(segment.background, segment.tail, 1 * kMiB);
    segment.background.drain();
    while (segment.env->last < segment.tail.bytes + 1 * kMiB) segment.background.drain();
    segment.background.drain();
    expect_ge(segment.env->first.load(), segment.tail.bytes);
    expect_ge(segment.env->syncs.load(), 2);
    expect_ge(2 * kMiB, segment.env->last.load());
  });
  s.test("does nothing while there is enough", [] {
    Segment segment;
    segment.zeros->keep_ahead(segment.background, segment.tail, 1 * kMiB);
    while (segment.env->last < 1536 * kKiB) segment.background.drain();
    const std::uint64_t last = segment.env->last;
    segment.zeros->keep_ahead(segment.background, {segment.tail.bytes + 1'000}, 1 * kMiB);
    segment.background.drain();
    expect_eq(segment.env->last.load(), last);
  });
  s.test("begins behind frames that came before the zeros", [] {
    Segment segment;
    expect(!segment.zeros->claim({3 * kMiB + 1}));
    segment.zeros->keep_ahead(segment.background, {3 * kMiB + 1}, 1 * kMiB);
    while (segment.env->last == 0) segment.background.drain();
    expect_ge(segment.env->first.load(), 3 * kMiB + 1);
  });
  s.test("lets frames wait for zeros that are being written where they go", [] {
    Segment segment;
    std::promise<void> gate;
    segment.env->gate = gate.get_future().share();
    segment.zeros->keep_ahead(segment.background, segment.tail, 256 * kKiB);
    segment.env->helper_here.get_future().wait();
    std::atomic<bool> begun{false};
    std::atomic<bool> claimed{false};
    int syncs_when_claimed = -1;
    std::thread writer([&] {
      begun = true;
      (void)segment.zeros->claim({200'000});
      syncs_when_claimed = segment.env->syncs;
      claimed = true;
    });
    // What lies before the piece need not wait.
    (void)segment.zeros->claim({100'001});
    while (!begun) std::this_thread::yield();
    for (int turn = 0; turn < 1'000 && !claimed; ++turn) std::this_thread::yield();
    gate.set_value();
    writer.join();
    expect_eq(syncs_when_claimed, 1);
  });
  s.test("writes nothing any more once it was stopped", [] {
    Segment segment;
    segment.zeros->stop();
    segment.zeros->keep_ahead(segment.background, segment.tail, 1 * kMiB);
    segment.background.drain();
    expect_eq(segment.env->last.load(), std::uint64_t{0});
  });
  s.test("ends at the end of the file", [] {
    Segment segment;
    segment.zeros->keep_ahead(segment.background, {kFileBytes - 10'000}, 1 * kMiB);
    while (segment.env->last < kFileBytes) segment.background.drain();
    segment.background.drain();
    expect_eq(segment.env->last.load(), kFileBytes);
  });
  s.test("poisons the log when its sync fails, which may have lost frames", [] {
    EnvMemory memory;
    const auto env = std::make_shared<HelperEnv>(memory);
    LogFixture log(env, "/log", committing());
    expect_ok(log.open());
    log.append(ten_records(0));
    env->fails = true;
    Result<std::size_t> answer = std::size_t{0};
    for (int round = 0; round < 1'000 && answer; ++round) {
      const BatchBuilder batch = ten_records(round);
      std::vector<double> slots(batch.count());
      answer = log->append(batch.packed(), {slots, slots});
    }
    expect(!answer && answer.error().code == Errc::kPoisoned);
  });
  s.test("never touches a frame, whoever is faster", [] {
    const ScratchDirectory scratch;
    LogFixture log(std::make_shared<EnvPosix>(), scratch.path("log"), committing());
    expect_ok(log.open());
    for (int round = 0; round < 500; ++round) log.append(ten_records(round));
    const std::vector<ReadRecord> written = log.read_all();
    expect_eq(written.size(), std::size_t{5'000});
    log.crash();
    expect_ok(log.open());
    expect(log.read_all() == written);
  });
});

}  // namespace
}  // namespace millrace::test
