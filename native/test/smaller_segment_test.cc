// A disk that has no room for the segment that is due may have room for a smaller one.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/env_forwarding.h"
#include "core/env_memory.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

// Has room for files of so many bytes, and none for larger ones.
class SmallDisk final : public EnvForwarding {
 public:
  explicit SmallDisk(std::shared_ptr<Env> base) : EnvForwarding(*base), base_(std::move(base)) {}
  Result<void> reserve(FileId file, FileOffset at, std::uint64_t bytes) override {
    if (bytes <= room) return base_->reserve(file, at, bytes);
    return Error{.code = Errc::kNoSpace, .sys_errno = 28, .message = "fallocate: no room"};
  }
  std::uint64_t room = UINT64_MAX;

 private:
  std::shared_ptr<Env> base_;
};

LogOptions options_of(bool written) {
  LogOptions options;
  options.checkpoint_ms = 1'000'000;
  options.segment_bytes = 64 * kMiB;
  options.written = written;
  options.sync_commits = written;
  return options;
}

// Appends records of 100 KiB; how many were stored.
std::size_t fill(LogFixture& log, std::size_t count) {
  const BatchBuilder batch = BatchBuilder().add("k", std::string(100 * kKiB, 'x'));
  std::vector<double> numbers(1);
  std::vector<double> arrivals(1);
  std::size_t stored = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Result<std::size_t> done = log->append(batch.packed(), {numbers, arrivals});
    if (done) ++stored;
    if (!done) expect_error(done, Errc::kNoSpace);
    log.drain();
  }
  return stored;
}

std::uint64_t largest_segment(LogFixture& log) {
  std::uint64_t largest = 0;
  const SegmentList segments = log->shared()->segments().segments;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    largest = std::max(largest, segments[i].header.file_bytes);
  }
  return largest;
}

const Suite smaller_segment_tests("smaller_segment", [](Suite& s) {
  for (const bool written : {false, true}) {
    const std::string mode = written ? " (commit)" : " (mapped)";
    s.test("takes records as long as any segment finds room" + mode, [written] {
      const auto disk = std::make_shared<SmallDisk>(std::make_shared<EnvMemory>());
      LogFixture log(disk, "log", options_of(written));
      expect_ok(log.open());
      disk->room = 3 * kMiB;
      expect_eq(fill(log, 60), 60u);
      expect_le(largest_segment(log), 3 * kMiB);
      disk->room = UINT64_MAX;
      expect_eq(fill(log, 60), 60u);
      expect_ge(largest_segment(log), 4 * kMiB);  // it grows again
      expect_eq(log.read_all().size(), 120u);
      log.reopen();
      expect_eq(log.read_all().size(), 120u);
    });
    s.test("refuses once not even the smallest one does, and goes on when it does" + mode,
           [written] {
             const auto disk = std::make_shared<SmallDisk>(std::make_shared<EnvMemory>());
             LogFixture log(disk, "log", options_of(written));
             expect_ok(log.open());
             disk->room = kMiB / 2;
             expect_eq(fill(log, 3), 0u);
             disk->room = 2 * kMiB;
             expect_eq(fill(log, 20), 20u);
             disk->room = kMiB / 2;
             expect_le(fill(log, 20), 10u);
             disk->room = 2 * kMiB;
             expect_eq(fill(log, 5), 5u);
           });
  }
  s.test("takes a record that is larger than a small segment into one that has room for it", [] {
    const auto disk = std::make_shared<SmallDisk>(std::make_shared<EnvMemory>());
    LogFixture log(disk, "log", options_of(false));
    expect_ok(log.open());
    expect_eq(fill(log, 40), 40u);  // the next one would be of 16 MiB
    disk->room = 6 * kMiB;
    log.append("k", std::string(5 * kMiB, 'x'));
    expect_eq(log.read_all(1, 100, 6 * kMiB).size(), 41u);
  });
});

}  // namespace
}  // namespace millrace::test
