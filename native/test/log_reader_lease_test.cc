#include <cstring>
#include <filesystem>

#include "core/boot_hash.h"
#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/log_follower.h"
#include "core/segment_list.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

constexpr std::uint64_t kRecords = 3'000;

// A log of one finished segment and one that is still written.
struct TwoSegments {
  ScratchDirectory scratch;
  std::shared_ptr<Env> env = std::make_shared<EnvPosix>();
  LogFixture log{env, scratch.path("log")};

  TwoSegments() {
    expect_ok(log.open());
    for (std::uint64_t n = 0; n < kRecords; n += 100) {
      BatchBuilder batch;
      for (std::uint64_t i = n; i < n + 100; ++i) {
        batch.add("key" + std::to_string(i), std::string(1'000, static_cast<char>('a' + i % 26)));
      }
      log.append(batch);
    }
    expect_eq(take(log->stats()).segments, 2u);
  }
  LeasedSegment lease(std::uint64_t from = 1) {
    std::optional<LeasedSegment> lease = take(log->lease({from}));
    if (!lease) stop("nothing to lease");
    return std::move(*lease);
  }
  [[nodiscard]] std::string first_segment() const {
    return scratch.path("log") + "/" + take(list_segment_names(*env, scratch.path("log"))).front();
  }
};

// A page of a lease, as records.
Result<std::vector<ReadRecord>> leased_page(ShardLog& log, std::uint64_t from, LeasedSegment& lease,
                                            Page& page, std::size_t records = 50) {
  std::vector<std::uint32_t> columns(records * column::kStride);
  std::vector<double> offsets(records);
  std::vector<double> arrivals(records);
  const Result<Page> got =
      log.read_leased({from}, {256 * kKiB, records}, {{}, columns, offsets, arrivals}, lease);
  if (!got) return got.error();
  page = *got;
  std::vector<ReadRecord> out;
  for (std::size_t i = 0; i < page.count; ++i) {
    const std::uint32_t* words = columns.data() + i * column::kStride;
    const auto text = [&](std::size_t at, std::size_t size) {
      return std::string(reinterpret_cast<const char*>(lease.bytes().data()) + words[at],
                         words[size]);
    };
    out.push_back({static_cast<std::uint64_t>(offsets[i]), static_cast<std::int64_t>(arrivals[i]),
                   text(column::kKeyAt, column::kKeyBytes),
                   text(column::kDataAt, column::kDataBytes)});
  }
  return out;
}

Errc failure_of(const Result<std::vector<ReadRecord>>& records) {
  if (records) stop("a page instead of an error");
  return records.error().code;
}

const Suite log_reader_lease_tests("log_reader_lease", [](Suite& s) {
  s.test("a lease has the records that read() copies, up to where the next segment begins", [] {
    TwoSegments two;
    LeasedSegment lease = two.lease();
    expect_eq(lease.first(), Sequence{1});
    std::vector<ReadRecord> copied = two.log.read_all();
    std::vector<ReadRecord> leased;
    for (std::uint64_t from = 1; from < lease.next().value;) {
      Page page;
      const std::vector<ReadRecord> records = take(leased_page(two.log.log(), from, lease, page));
      leased.insert(leased.end(), records.begin(), records.end());
      expect_eq(page.tail, Sequence{kRecords + 1});
      expect(!page.at_tail);
      from = page.next.value;
    }
    expect_eq(leased.size(), lease.next().value - 1);
    copied.resize(leased.size());
    expect(leased == copied);
  });

  s.test("there is none of the segment that is written, before the log, and in memory", [] {
    TwoSegments two;
    const Sequence next = two.lease().next();
    expect(!take(two.log->lease(next)));
    expect(!take(two.log->lease({kRecords + 100})));
    expect(!take(two.log->lease({0})));
    LogFixture memory(std::make_shared<EnvMemory>(), "/log");
    expect_ok(memory.open());
    expect(!take(memory->lease({1})));
    for (int i = 0; i < 3'000; ++i) memory.append("k", std::string(1'000, 'x'));
    expect(!take(memory->lease({1})));
  });

  s.test("what is stored in a lease stays in it", [] {
    TwoSegments two;
    LeasedSegment lease = two.lease();
    const MutableBytes bytes = lease.bytes();
    std::memset(bytes.data(), 0xff, bytes.size());
    expect_eq(two.log.read_all().size(), kRecords);
    two.log.reopen();
    expect_eq(two.log.read_all().size(), kRecords);
    expect_eq(bytes[bytes.size() / 2], std::byte{0xff});
  });

  s.test("nothing that was stored in a lease is believed", [] {
    TwoSegments two;
    for (const bool verified : {false, true}) {
      LeasedSegment lease = two.lease();
      const MutableBytes bytes = lease.bytes();
      Page page;
      if (verified) (void)take(leased_page(two.log.log(), 1, lease, page, 2'000));
      std::uint64_t state = 88172645463325252U;
      for (int round = 0; round < 2'000; ++round) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        bytes[state % bytes.size()] = static_cast<std::byte>(state >> 32U);
        const Result<std::vector<ReadRecord>> records =
            leased_page(two.log.log(), 1 + state % 900, lease, page);
        if (records) continue;
        expect_eq(records.error().code, Errc::kCorrupt);
      }
    }
    expect_eq(two.log.read_all().size(), kRecords);
  });

  s.test("a lease of another segment, and of trimmed records, is refused", [] {
    TwoSegments two;
    LeasedSegment lease = two.lease();
    Page page;
    expect_eq(failure_of(leased_page(two.log.log(), lease.next().value, lease, page)),
              Errc::kNotFound);
    TwoSegments other;
    expect_eq(failure_of(leased_page(other.log.log(), 1, lease, page)), Errc::kNotFound);
    expect_ok(two.log->trim({10}));
    expect_eq(failure_of(leased_page(two.log.log(), 9, lease, page)), Errc::kTrimmed);
    expect_eq(take(leased_page(two.log.log(), 10, lease, page)).front().sequence, 10u);
  });

  s.test("a file that is cut short is an error, not a signal", [] {
    TwoSegments two;
    LeasedSegment lease = two.lease();
    std::filesystem::resize_file(two.first_segment(), 128 * kKiB);
    Page page;
    expect_eq(failure_of(leased_page(two.log.log(), 1, lease, page, 2'000)), Errc::kIo);
    two.log.crash();
  });

  s.test("a lease goes on after its records are trimmed and the log is gone", [] {
    auto two = std::make_unique<TwoSegments>();
    LeasedSegment lease = two->lease();
    Page page;
    const std::vector<ReadRecord> first = take(leased_page(two->log.log(), 1, lease, page));
    expect_ok(two->log->trim(lease.next()));
    two.reset();
    const auto* text = reinterpret_cast<const char*>(lease.bytes().data());
    expect(std::string_view(text, lease.bytes().size()).find(first.front().payload) !=
           std::string_view::npos);
  });

  s.test("a follower leases what a writer has finished", [] {
    TwoSegments two;
    Background background;
    auto cache = std::make_shared<SegmentCache>(*two.env, background, 4);
    LogFollower follower({two.env, cache, take(current_boot_hash(*two.env))}, two.log.directory(),
                         two.log.identity());
    std::optional<LeasedSegment> lease = take(follower.lease({1}));
    if (!lease) stop("nothing to lease");
    expect(!take(follower.lease(lease->next())));
    std::vector<std::uint32_t> columns(10 * column::kStride);
    std::vector<double> offsets(10);
    std::vector<double> arrivals(10);
    const PageBuffers into{{}, columns, offsets, arrivals};
    const Page page = take(follower.read_leased({1}, {64 * kKiB, 10}, into, *lease));
    expect_eq(page.count, std::size_t{10});
    expect_eq(page.next, Sequence{11});
    expect_eq(page.tail, Sequence{kRecords + 1});
    expect_ok(two.log->trim({5}));
    expect_eq(follower.read_leased({1}, {64 * kKiB, 10}, into, *lease).error().code,
              Errc::kTrimmed);
  });
});

}  // namespace
}  // namespace millrace::test
