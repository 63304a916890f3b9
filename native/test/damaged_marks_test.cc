// What a reader elsewhere makes of a control page that lost a bit: it never takes records for
// trimmed that were not, nor, of those that are durable, for not yet written.
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/boot_hash.h"
#include "core/control_page.h"
#include "core/env_memory.h"
#include "core/file.h"
#include "core/frame.h"
#include "core/log_follower.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

constexpr std::uint64_t kTrimmed = 4;
constexpr std::uint64_t kDurable = 8;
constexpr std::uint64_t kStored = 10;

// Frames of 64 bytes, so that a mark which lost a bit is often that of another frame.
std::string payload() {
  std::string text;
  const auto stride = [&] {
    return frame_stride(static_cast<std::uint32_t>(frame_length(1, false, text.size())));
  };
  while (stride() < 64) text.push_back('.');
  expect_eq(stride(), 64u);
  return text;
}

// A log of several segments whose first records are trimmed, and whose last ones are not durable
// unless it was closed.
class MarkedLog {
 public:
  explicit MarkedLog(bool closed) {
    LogOptions options;
    options.checkpoint_ms = 1'000'000;
    options.segment_age_ms = 1'000;
    log_ = std::make_unique<LogFixture>(env_, "log", options);
    expect_ok(log_->open());
    for (std::uint64_t i = 1; i <= kStored; ++i) {
      log_->append("k", payload(), static_cast<std::int64_t>(i / 3 * 5'000));
      if (i == kDurable) expect_ok((*log_)->flush());
    }
    expect_ok((*log_)->trim({kTrimmed}));
    log_->drain();
    if (closed) expect_ok((*log_)->close());
    log_->crash();
  }

  // The number of the first and of the last record that a reader is shown; 0 where it is refused.
  struct Shown {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  Shown shown() {
    Background background;
    const auto cache = std::make_shared<SegmentCache>(*env_, background, 4);
    LogFollower follower({env_, cache, take(current_boot_hash(*env_))}, "log", log_->identity());
    const Result<LogStats> stats = follower.stats();
    if (!stats) return {};
    Shown shown{stats->first.value, 0};
    const ReadCall read = [&](Sequence at, const PageLimits& limits, const PageBuffers& into) {
      return follower.read(at, limits, into);
    };
    std::uint64_t from = shown.first;
    for (Page page; !page.at_tail; from = page.next.value) {
      const Result<std::vector<ReadRecord>> records = read_page(read, from, 50, 4'096, page);
      if (!records) return {};
      if (!records->empty()) shown.last = records->back().sequence;
    }
    return shown;
  }

  void flip(std::size_t offset, std::size_t bit) {
    File file = take(File::open(*env_, "log/ctl", OpenMode::kReadWrite));
    std::array<std::byte, 1> byte;
    take(file.read_exactly(byte, FileOffset{offset + bit / 8}));
    byte[0] ^= std::byte{1} << (bit % 8);
    take(file.write_all(byte, FileOffset{offset + bit / 8}));
  }

 private:
  std::shared_ptr<EnvMemory> env_ = std::make_shared<EnvMemory>();
  std::unique_ptr<LogFixture> log_;
};

// Calls `judge` with what is shown when one bit of the word at `offset` is the other way round.
template <typename Judge>
void flip_each_bit(bool closed, std::size_t offset, Judge judge) {
  MarkedLog log(closed);
  const MarkedLog::Shown whole = log.shown();
  expect_eq(whole.first, kTrimmed);
  expect_eq(whole.last, kStored);
  for (std::size_t bit = 0; bit < 64; ++bit) {
    const Case round("bit", bit);
    log.flip(offset, bit);
    judge(log.shown());
    log.flip(offset, bit);
  }
}

const Suite damaged_marks_tests("damaged_marks", [](Suite& s) {
  for (const bool closed : {true, false}) {
    const std::string of = closed ? " (closed)" : " (its writer died)";
    s.test("hide no record as trimmed that was not" + of, [closed] {
      for (const std::size_t word :
           {offsetof(ControlPage, trim_sequence), offsetof(ControlPage, trim_check),
            offsetof(ControlPage, first_segment)}) {
        const Case what("word", word);
        flip_each_bit(closed, word, [](const MarkedLog::Shown& shown) {
          expect_le(shown.first, kTrimmed);
          if (shown.first != 0) expect_eq(shown.last, kStored);
        });
      }
    });
    s.test("hide no record that is durable" + of, [closed] {
      for (const std::size_t word :
           {offsetof(ControlPage, committed), offsetof(ControlPage, durable)}) {
        const Case what("word", word);
        flip_each_bit(closed, word, [closed](const MarkedLog::Shown& shown) {
          expect_le(shown.first, kTrimmed);
          if (shown.first != 0) expect_ge(shown.last, closed ? kStored : kDurable);
        });
      }
    });
  }
});

}  // namespace
}  // namespace millrace::test
