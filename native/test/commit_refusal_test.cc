// A commit that cannot begin, because the process is out of descriptors, has lost nothing: it is
// refused, and may be made again.
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/segment_header.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

LogOptions options_of(bool sync_commits) {
  LogOptions options;
  options.checkpoint_ms = 1'000'000;
  options.written = true;
  options.sync_commits = sync_commits;
  return options;
}

// What one process was told, of a log that commits.
class Teller {
 public:
  explicit Teller(LogFixture& log) : log_(log) {}

  void put(std::size_t bytes) {
    const BatchBuilder batch = BatchBuilder().add("k", text(bytes));
    std::vector<double> numbers(1);
    std::vector<double> arrivals(1);
    note(log_->append(batch.packed(), {numbers, arrivals}), bytes, numbers);
  }
  // Records that do not fit into one segment.
  void put_many() {
    BatchBuilder batch;
    constexpr std::size_t kCount = 3;
    constexpr std::size_t kBytes = 700 * kKiB;
    for (std::size_t i = 0; i < kCount; ++i) batch.add("k", text(kBytes));
    std::vector<double> numbers(kCount);
    std::vector<double> arrivals(kCount);
    note(log_->append(batch.packed(), {numbers, arrivals}), kBytes, numbers);
  }
  void expect_all() {
    std::vector<std::uint64_t> found;
    for (const ReadRecord& record : log_.read_all(1, 100, kMiB)) {
      found.push_back(record.sequence);
      expect_eq(record.payload.size(),
                record.sequence <= sizes_.size() ? sizes_[record.sequence - 1] : std::size_t{0});
    }
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t n = 1; n <= sizes_.size(); ++n) numbers.push_back(n);
    expect_eq(found, numbers);
  }
  [[nodiscard]] std::size_t refused() const noexcept { return refused_; }

 private:
  static std::string text(std::size_t bytes) { return std::string(bytes, 'x'); }

  void note(const Result<std::size_t>& done, std::size_t bytes, std::span<const double> numbers) {
    if (!done) {
      ++refused_;
      expect_error(done, Errc::kIo);
      expect_eq(done.error().sys_errno, EMFILE);
      return;
    }
    for (std::size_t i = 0; i < *done; ++i) {
      sizes_.push_back(bytes);
      expect_eq(static_cast<std::uint64_t>(numbers[i]), sizes_.size());
    }
  }

  LogFixture& log_;
  std::vector<std::size_t> sizes_;
  std::size_t refused_ = 0;
};

// Every time a file, or a folder to be synced, is opened, in turn, there is no descriptor for it.
void fail_each_open(bool sync_commits, EnvCall call, std::uint64_t refused_min) {
  std::uint64_t refused = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    const Case round("open", nth);
    EnvMemory memory;
    const auto faults = std::make_shared<EnvFaulting>(memory);
    LogFixture log(faults, "log", options_of(sync_commits));
    expect_ok(log.open());
    faults->plan({.call = call, .nth = nth, .sys_errno = EMFILE});
    Teller teller(log);
    for (const std::size_t bytes : {10u, 20u, 600'000u, 600'000u, 30u}) {
      teller.put(bytes);
      log.drain();
    }
    teller.put_many();
    log.drain();
    const Result<Sequence> sealed = log->seal({2'000});
    if (!sealed) expect_eq(sealed.error().sys_errno, EMFILE);
    expect(!log->shared()->checkpointer()->poisoned(), "is poisoned");
    refused += teller.refused() + (sealed ? 0 : 1);
    const bool met = faults->fault_count() > 0;
    faults->clear();
    expect_ok(log->seal({2'000}));
    teller.expect_all();
    log.reopen();
    teller.expect_all();
    if (!met) break;
  }
  expect_ge(refused, refused_min);
}

const Suite commit_refusal_tests("commit_refusal", [](Suite& s) {
  s.test("poisons nothing, whichever file finds no descriptor (commit)",
         [] { fail_each_open(true, EnvCall::kOpen, 5); });
  s.test("poisons nothing, whichever file finds no descriptor (interval)",
         [] { fail_each_open(false, EnvCall::kOpen, 5); });
  s.test("poisons nothing, whichever folder finds no descriptor",
         [] { fail_each_open(true, EnvCall::kSyncDirectory, 2); });
  s.test("is the end of a log whose segment is gone, and of what was stored in it", [] {
    const auto memory = std::make_shared<EnvMemory>();
    LogFixture log(memory, "log", options_of(true));
    expect_ok(log.open());
    log.append("k", "first");
    take(memory->unlink("log/" + segment_name(kFirstSequence)));
    const BatchBuilder batch = BatchBuilder().add("k", "second");
    std::vector<double> out(1);
    expect_error(log->append(batch.packed(), {out, out}), Errc::kPoisoned);
    expect_error(log->append(batch.packed(), {out, out}), Errc::kPoisoned);
  });
  s.test("poisons the log if the device refuses the file", [] {
    EnvMemory memory;
    const auto faults = std::make_shared<EnvFaulting>(memory);
    LogFixture log(faults, "log", options_of(true));
    expect_ok(log.open());
    log.append("k", "first");
    faults->plan({.call = EnvCall::kOpen, .path_part = ".seg", .sys_errno = EIO});
    const BatchBuilder batch = BatchBuilder().add("k", "second");
    std::vector<double> out(1);
    const Result<std::size_t> refused = log->append(batch.packed(), {out, out});
    expect_error(refused, Errc::kPoisoned);
    expect_eq(refused.error().sys_errno, EIO);
    expect_eq(log.read_all().size(), 1u);
  });
  s.test("takes back nothing of the other logs of a commit", [] {
    EnvMemory memory;
    const auto faults = std::make_shared<EnvFaulting>(memory);
    LogFixture one(faults, "one", options_of(true));
    LogFixture other(faults, "other", options_of(true));
    expect_ok(one.open());
    expect_ok(other.open());
    one.append("k", "first");
    other.append("k", "first");
    const BatchBuilder batch = BatchBuilder().add("k", "second");
    std::array<std::vector<double>, 4> out;
    for (std::vector<double>& column : out) column.resize(1);
    std::vector<GroupAppend> parts{
        {.log = &one.log(), .batch = batch.packed(), .out = {out[0], out[1]}},
        {.log = &other.log(), .batch = batch.packed(), .out = {out[2], out[3]}}};
    faults->plan({.call = EnvCall::kOpen, .path_part = "one/", .sys_errno = EMFILE});
    append_together(parts);
    expect_error(parts[0].answer, Errc::kIo);
    expect_eq(parts[0].answer.error().sys_errno, EMFILE);
    expect_ok(parts[1].answer);
    faults->clear();
    append_together(parts);
    expect_ok(parts[0].answer);
    expect_eq(out[0][0], 2.0);
    expect_eq(one.read_all().size(), 2u);
    expect_eq(other.read_all().size(), 3u);
  });
});

}  // namespace
}  // namespace millrace::test
