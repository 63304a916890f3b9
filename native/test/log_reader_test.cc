#include "core/log_reader.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/frame.h"
#include "core/recovery.h"
#include "core/segment_header.h"
#include "test/store_fixture.h"

namespace millrace::test {
namespace {

// A reader beside the writer, made from the files alone, as another process would make it.
std::unique_ptr<LogReader> reader_beside(LogFixture& log, std::shared_ptr<SegmentCache> cache) {
  std::shared_ptr<ControlFile> control =
      take(ControlFile::open(log.env(), log.directory(), log.identity()));
  return std::make_unique<LogReader>(log.env(), std::move(cache), log.directory(), log.identity(),
                                     std::move(control), SegmentList{});
}

// Follows the log until it is sealed and checks every record's number and bytes.
void follow(LogReader& reader, std::atomic<std::uint64_t>& seen) {
  std::vector<std::byte> bytes(128 * 1024);
  std::vector<std::uint32_t> columns(500 * column::kStride);
  std::vector<double> offsets(500);
  std::vector<double> arrivals(500);
  std::uint64_t from = 1;
  for (;;) {
    Result<Page> page = reader.read({from}, {64 * 1024, 500}, {bytes, columns, offsets, arrivals});
    if (!page) return fail(page.error().message);
    for (std::size_t i = 0; i < page->count; ++i) {
      const auto sequence = static_cast<std::uint64_t>(offsets[i]);
      const std::uint32_t* words = columns.data() + i * column::kStride;
      if (sequence != from + i) return fail("a record out of order");
      for (std::uint32_t j = 0; j < words[column::kDataBytes]; ++j) {
        const auto wanted = static_cast<std::byte>(sequence + j);
        if (bytes[words[column::kDataAt] + j] != wanted) return fail("a torn record");
      }
    }
    seen += page->count;
    from = page->next.value;
    if (page->ended) return;
    if (page->at_tail) std::this_thread::yield();
  }
}

std::string patterned(std::uint64_t sequence, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t j = 0; j < bytes; ++j) text[j] = static_cast<char>(sequence + j);
  return text;
}

// Whether the disk was so full that a segment was begun and nothing stored in it: the nth call that
// asks for pages fails, and those behind it.
bool begin_segment_in_vain(LogFixture& log, EnvFaulting& env, std::uint64_t nth) {
  log.append("k", std::string(900'000, 'x'), 1'000);
  log.drain();
  env.plan({.call = EnvCall::kPopulate,
            .nth = nth,
            .sys_errno = ENOSPC,
            .repeat = Fault::Repeat::kForever});
  BatchBuilder batch;
  for (int i = 0; i < 3; ++i) batch.add("k", std::string(1'000'000, 'x'));
  std::vector<double> out(3);
  const Result<std::size_t> done = log->append(batch.packed(), {out, out});
  env.clear();
  return !done && take(list_segment_names(env, log.directory())).size() == 2;
}

// A log of one record, whose next one is stored behind a gap.
void lose_number(StoreFixture& store) {
  store.open();
  store.log().append("k", "before");
  store.log().crash();
  store.env().reboot();
  store.open();
}

// Of the gap behind that record, under a checksum that fits.
void set_gap_end(StoreFixture& store, std::uint64_t end) {
  const std::vector<std::byte> bytes = store.read(store.segment(0));
  const auto header = load<SegmentHeader>(bytes.data());
  std::uint64_t at = header.data_offset;
  at += frame_stride(load<FrameHeader>(bytes.data() + at).length);
  const auto gap = load<FrameHeader>(bytes.data() + at);
  std::vector<std::byte> frame(frame_stride(gap.length));
  write_frame(frame.data(),
              {.type = FrameType::kGap,
               .flags = 0,
               .key = {},
               .hash_key = nullptr,
               .payload = bytes_of(end)},
              {{gap.sequence}, gap.epoch, {gap.arrival_ms}}, seed_of(header));
  store.write(store.segment(0), at, frame);
}

const Suite log_reader_tests("log_reader", [](Suite& s) {
  s.test("seeks behind the last record, though the segment after it is empty", [] {
    std::size_t empty = 0;
    for (std::uint64_t nth = 1; nth <= 12; ++nth) {
      const Case round("populate", nth);
      EnvMemory memory;
      const auto env = std::make_shared<EnvFaulting>(memory);
      LogFixture log(env, "log");
      expect_ok(log.open());
      if (!begin_segment_in_vain(log, *env, nth)) continue;
      ++empty;
      expect_eq(take(log->seek({999})).value, 1u);
      expect_eq(take(log->seek({1'001})).value, 2u);
      log.crash();
      expect_ok(log.open());
      expect_eq(take(log->seek({1'001})).value, 2u);
    }
    expect_ge(empty, 1u);
  });
  s.test("sees whole records only, while the writer appends, rolls and seals", [] {
    const ScratchDirectory scratch;
    LogOptions options;
    options.checkpoint_ms = 20;
    LogFixture log(std::make_shared<EnvPosix>(), scratch.path("log"), options);
    expect_ok(log.open());
    std::uint64_t sequence = 1;
    log.append("k", patterned(sequence++, 100));
    Background background;
    std::atomic<std::uint64_t> seen = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        auto cache = std::make_shared<SegmentCache>(log.env(), background, 4);
        const auto reader = reader_beside(log, cache);
        follow(*reader, seen);
      });
    }
    while (sequence < 20'000) {
      BatchBuilder batch;
      for (int i = 0; i < 20; ++i, ++sequence) {
        batch.add("key", patterned(sequence, 50 + sequence % 400));
      }
      log.append(batch);
    }
    (void)take(log->seal({9'000}));
    for (std::thread& thread : threads) thread.join();
    expect_eq(seen.load(), (sequence - 1) * 3);
  });
  s.test("says how much room a record behind a gap takes, the gap included", [] {
    StoreFixture store;
    lose_number(store);
    const std::uint64_t behind = store.log().append("k", std::string(20'000, 'x'));
    const std::uint64_t lost = 2;
    expect_ge(behind, lost + 1);
    std::vector<std::byte> bytes;
    std::array<std::uint32_t, column::kStride> columns{};
    double offset = 0;
    double arrival = 0;
    const PageLimits limits{.payload_bytes = UINT64_MAX, .records = 1};
    const auto read = [&] {
      return store.log()->read({lost}, limits, {bytes, columns, {&offset, 1}, {&arrival, 1}});
    };
    // First the gap is what finds no room, then the record behind it.
    for (int grown = 0; grown < 2; ++grown) {
      const Result<Page> refused = read();
      expect_error(refused, Errc::kTooLarge);
      bytes.resize(refused.error().detail);
    }
    expect_eq(take(read()).count, 1U);
    expect_eq(offset, static_cast<double>(behind));
  });
  s.test("hides no record behind a gap whose end makes no sense", [] {
    constexpr std::uint64_t kGap = 2;
    for (const std::uint64_t end : {std::uint64_t{0}, kGap - 1, kSequenceLimit, UINT64_MAX}) {
      const Case round("end", end);
      StoreFixture store;
      lose_number(store);
      const std::uint64_t behind = store.log().append("k", "behind");
      set_gap_end(store, end);
      Page page;
      expect_eq(take(read_page(store.log().log(), 1, 10, 4'096, page)).size(), 1U);
      for (const std::uint64_t from : {kGap, behind, behind + 1}) {
        expect_error(read_page(store.log().log(), from, 10, 4'096, page), Errc::kCorrupt);
      }
      expect_error(store.log()->seek({2'000}), Errc::kCorrupt);
    }
  });
  s.test("hides no record behind a gap that ends in a later segment", [] {
    LogOptions options;
    options.segment_age_ms = 10;
    StoreFixture store(options);
    lose_number(store);
    store.log().append("k", "behind");
    const std::uint64_t later = store.log().append("k", "in the next segment", 5'000);
    set_gap_end(store, later);
    Page page;
    expect_eq(take(read_page(store.log().log(), 1, 10, 4'096, page)).size(), 1U);
    expect_error(read_page(store.log().log(), page.next.value, 10, 4'096, page), Errc::kCorrupt);
  });
});

}  // namespace
}  // namespace millrace::test
