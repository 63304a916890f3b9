#include "core/residency.h"
#include "core/boot_hash.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "core/env_forwarding.h"
#include "core/env_posix.h"
#include "core/file.h"
#include "core/log_follower.h"
#include "core/system_error.h"
#include "test/log_fixture.h"
#include "test/random.h"
#include "test/scratch_directory.h"

namespace millrace::test {
namespace {

// Offsets in the one segment that is mapped for reading.
struct PageRange {
  std::size_t begin;
  std::size_t end;
};

// The page cache as a test wants it. A page that is not in memory cannot be touched at all: whoever
// would have waited for it ends the test binary. Only segments are ever cold.
class ColdEnv final : public EnvForwarding {
 public:
  ColdEnv() : EnvForwarding(posix_) {}

  // From the next mapping on.
  bool cold = false;
  bool tells = true;
  bool reads_ahead = true;  // what was asked for is there at once
  int load_errno = 0;
  std::uint64_t now_ns = 1'000'000'000'000;

  // Before a scan: pages that were in memory all along.
  void warm(std::size_t page) { warm_.insert(page * kPageBytes); }

  Result<FileId> open(const std::string& path, OpenMode mode) override {
    Result<FileId> file = posix_.open(path, mode);
    const std::lock_guard guard(mutex_);
    if (file && path.ends_with(".seg")) segments_.insert(*file);
    return file;
  }
  void close(FileId file) noexcept override {
    {
      const std::lock_guard guard(mutex_);
      segments_.erase(file);
    }
    posix_.close(file);
  }
  Result<MutableBytes> map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) override {
    Result<MutableBytes> mapped = posix_.map(file, at, bytes, mode);
    const std::lock_guard guard(mutex_);
    if (!mapped || mode != MapMode::kRead || !segments_.contains(file)) return mapped;
    mapped_ = *mapped;
    resident_.assign((bytes + kPageBytes - 1) / kPageBytes, !cold);
    if (!cold) return mapped;
    ::mprotect(mapped_.data(), mapped_.size(), PROT_NONE);
    for (const std::size_t page : warm_) make_resident({page, page + kPageBytes});
    return mapped;
  }
  Result<void> residency(Bytes pages, std::span<std::uint8_t> resident) override {
    const std::lock_guard guard(mutex_);
    ++looks;
    if (!tells) return system_error("mincore", "", ENOTSUP);
    const std::size_t first = range_of(pages).begin / kPageBytes;
    for (std::size_t i = 0; i < resident.size(); ++i) resident[i] = resident_[first + i] ? 1 : 0;
    return {};
  }
  Result<void> load(Bytes pages) override {
    const std::lock_guard guard(mutex_);
    loads.push_back(range_of(pages));
    loaders.insert(std::this_thread::get_id());
    make_resident(loads.back());
    if (load_errno != 0) return system_error("madvise", "", load_errno);
    return {};
  }
  void advise(Bytes pages, AdviseMode mode) noexcept override {
    const std::lock_guard guard(mutex_);
    if (mode == AdviseMode::kCold) marked.push_back(range_of(pages));
    if (mode != AdviseMode::kWillNeed) return;
    asked.push_back(range_of(pages));
    if (reads_ahead) make_resident(asked.back());
  }
  std::uint64_t monotonic_ns() noexcept override { return now_ns; }

  std::size_t looks = 0;
  std::vector<PageRange> loads;
  std::vector<PageRange> asked;
  std::vector<PageRange> marked;
  std::set<std::thread::id> loaders;

 private:
  [[nodiscard]] PageRange range_of(Bytes pages) const {
    const auto begin = static_cast<std::size_t>(pages.data() - mapped_.data());
    return {begin, begin + pages.size()};
  }
  void make_resident(PageRange range) {
    const std::size_t end = std::min(align_up(range.end, kPageBytes), mapped_.size());
    ::mprotect(mapped_.data() + range.begin, end - range.begin, PROT_READ);
    for (std::size_t page = range.begin / kPageBytes; page * kPageBytes < end; ++page) {
      resident_[page] = true;
    }
  }

  EnvPosix posix_;
  std::mutex mutex_;
  std::set<FileId> segments_;
  std::set<std::size_t> warm_;
  MutableBytes mapped_;
  std::vector<bool> resident_;
};

// One log whose only segment holds `records` of a kilobyte.
struct ColdLog {
  using SizeOf = std::function<std::size_t(std::size_t)>;  // the record of that index
  explicit ColdLog(std::size_t records) : ColdLog(records, [](std::size_t) { return 1024u; }) {}
  ColdLog(std::size_t records, const SizeOf& size) : log(env, scratch.path("log"), one_segment()) {
    expect_ok(log.open());
    for (std::size_t i = 0; i < records;) {
      BatchBuilder batch;
      for (std::size_t j = 0; j < 500 && i < records; ++j, ++i) {
        batch.add("key", std::string(size(i), static_cast<char>('a' + i % 26)));
      }
      log.append(batch);
    }
    log.drain();
  }
  static LogOptions one_segment() {
    LogOptions options;
    options.first_segment_bytes = 64 * kMiB;
    options.checkpoint_ms = 3'600'000;
    return options;
  }
  // As a process that begins finds it: nothing of the segment is in memory.
  void cool() {
    log.reopen();
    env->cold = true;
  }

  ScratchDirectory scratch;
  std::shared_ptr<ColdEnv> env = std::make_shared<ColdEnv>();
  LogFixture log;
};

ReadCall resident_read(ShardLog& log) {
  return [&log](Sequence from, const PageLimits& limits, const PageBuffers& into) {
    PageLimits resident = limits;
    resident.resident_only = true;
    return log.read(from, resident, into);
  };
}

// As the binding does it, but at once.
void load_elsewhere(std::optional<ColdStretch> cold) {
  if (!cold) stop("a cold read that does not say what to load");
  std::thread([&] { cold->load(); }).join();
  if (const auto asked_by = cold->asked_by.lock()) asked_by->loaded(*cold);
}

// Everything to the tail, by reads that never wait.
Result<std::vector<ReadRecord>> scan(LogFixture& log, std::size_t page_records,
                                     std::uint64_t page_bytes, std::uint64_t from = 1) {
  std::vector<ReadRecord> all;
  for (;;) {
    Page page;
    auto records = read_page(resident_read(log.log()), from, page_records, page_bytes, page);
    log.drain();  // what was asked for is there before it is wanted
    if (!records && records.error().code == Errc::kNotResident) {
      load_elsewhere(log->take_cold());
      continue;
    }
    if (!records) return records.error();
    all.insert(all.end(), records->begin(), records->end());
    from = page.next.value;
    if (page.at_tail) return all;
  }
}

bool covers(const std::vector<PageRange>& ranges, std::size_t byte) {
  return std::ranges::any_of(
      ranges, [&](const PageRange& range) { return byte >= range.begin && byte < range.end; });
}

constexpr std::size_t kPageOfRecords = 200;
constexpr std::uint64_t kPageOfBytes = 256 * kKiB;

const Suite residency_tests("residency", [](Suite& s) {
  s.test("the system tells what is in memory, and loads the rest", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    File file = take(File::open(env, scratch.path("a"), OpenMode::kCreate));
    expect_ok(file.resize(4 * kPageBytes));
    expect_ok(file.write_all(text_bytes("abc"), {2 * kPageBytes}));
    const Mapping mapping = take(Mapping::map(file, {0}, 4 * kPageBytes, MapMode::kRead));
    std::vector<std::uint8_t> pages(4);
    if (!mapping.residency(0, 4 * kPageBytes, pages)) skip("this system does not tell");
    expect_eq(pages, std::vector<std::uint8_t>{0, 0, 1, 0});
    expect_ok(mapping.load(0, 2 * kPageBytes));
    expect_ok(mapping.residency(0, 4 * kPageBytes, pages));
    expect_eq(std::span(pages).first(3), std::vector<std::uint8_t>{1, 1, 1});
    expect_ok(file.resize(kPageBytes));
    expect_error(mapping.load(kPageBytes, kPageBytes), Errc::kIo);
  });

  s.test("a scan touches no page that is not in memory, and loses no record", [] {
    ColdLog cold(8'000);
    const std::vector<ReadRecord> wanted = cold.log.read_all();
    cold.cool();
    cold.env->reads_ahead = false;
    expect(take(scan(cold.log, kPageOfRecords, kPageOfBytes)) == wanted);
    expect(!cold.env->loaders.contains(std::this_thread::get_id()), "loaded by the reader itself");
    // 256 KiB first, then 2 MiB at a time.
    expect_ge(cold.env->loads.size(), 4u);
    expect_le(cold.env->loads.size(), 7u);
    expect_eq(cold.env->loads[0].end - cold.env->loads[0].begin >= Residency::kFirstBytes, true);
    for (std::size_t i = 1; i < cold.env->loads.size(); ++i) {
      expect_eq(cold.env->loads[i].begin, cold.env->loads[i - 1].end);
      expect_le(cold.env->loads[i].end - cold.env->loads[i].begin, Residency::kStretchBytes);
    }
  });

  s.test("a scan of what is in memory loads nothing, and looks once every 2 MiB", [] {
    ColdLog log(8'000);
    log.log.reopen();
    expect_eq(take(scan(log.log, kPageOfRecords, kPageOfBytes)).size(), 8'000u);
    expect(log.env->loads.empty() && log.env->asked.empty() && log.env->marked.empty());
    expect_le(log.env->looks, std::size_t{8'000} * 1'100 / Residency::kStretchBytes + 2);
  });

  s.test("what is written while the reader lives is not looked at", [] {
    ColdLog log(0);
    std::uint64_t next = 1;
    for (int i = 0; i < 100; ++i) {
      log.log.append("key", std::string(10'000, 'x'));
      next += take(scan(log.log, kPageOfRecords, kPageOfBytes, next)).size();
    }
    expect_eq(next, 101u);
    expect_le(log.env->looks, 1u);
  });

  s.test("where the system does not tell, it is asked once", [] {
    ColdLog log(8'000);
    log.log.reopen();
    log.env->tells = false;
    expect_eq(take(scan(log.log, kPageOfRecords, kPageOfBytes)).size(), 8'000u);
    expect_eq(log.env->looks, 1u);
  });

  s.test("reads ahead of a scan, which then loads only where it begins", [] {
    ColdLog cold(20'000);
    cold.cool();
    expect_eq(take(scan(cold.log, kPageOfRecords, kPageOfBytes)).size(), 20'000u);
    expect_le(cold.env->loads.size(), 4u);
    for (std::size_t i = 1; i < cold.env->asked.size(); ++i) {
      expect_le(cold.env->asked[i].begin, cold.env->asked[i - 1].end);  // no hole
    }
    expect_ge(cold.env->asked.back().end, std::size_t{20'000} * 1'024);
  });

  s.test("marks what it brought in, oldest first, and never what was there before", [] {
    ColdLog cold(30'000);
    std::vector<std::size_t> warm;
    for (std::size_t page = 50; page < 7'000; page += 97) {
      warm.push_back(page * kPageBytes);
      cold.env->warm(page);
    }
    cold.cool();
    expect_eq(take(scan(cold.log, kPageOfRecords, kPageOfBytes)).size(), 30'000u);
    cold.log.drain();
    const std::vector<PageRange>& marked = cold.env->marked;
    if (marked.empty()) stop("nothing was marked");
    for (const std::size_t byte : warm) expect(!covers(marked, byte), "marked a warm page");
    expect_le(marked.front().begin, cold.env->loads.front().end);
    std::size_t bytes = 0;
    for (const PageRange& range : marked) bytes += range.end - range.begin;
    expect_ge(bytes,
              std::size_t{30'000} * 1'024 - Residency::kKeptBytes - 3 * Residency::kStretchBytes);
    expect_le(marked.back().end, std::size_t{30'000} * 1'100 - Residency::kKeptBytes / 2);
  });

  s.test("reads the same records as a read that waits, whatever is in memory", [] {
    Random random;
    for (int round = 0; round < 12; ++round) {
      const Case in_round("round", static_cast<std::uint64_t>(round));
      ColdLog cold(random.between(1, 3'000), [&](std::size_t) {
        return random.once_in(50) ? random.below(300'000) : random.below(2'000);
      });
      const std::vector<ReadRecord> wanted = cold.log.read_all();
      for (std::uint64_t i = random.below(2'000); i > 0; --i) cold.env->warm(random.below(4'000));
      cold.env->reads_ahead = random.once_in(2);
      cold.cool();
      const std::uint64_t from = random.between(1, wanted.size());
      const auto got =
          take(scan(cold.log, random.between(1, 400), random.between(1'000, 4 * kMiB), from));
      const auto first = wanted.begin() + static_cast<std::ptrdiff_t>(from - 1);
      expect(std::ranges::equal(got, std::ranges::subrange(first, wanted.end())));
    }
  });

  s.test("what was seen in memory a second ago is looked at again", [] {
    ColdLog log(100);
    log.log.reopen();
    Page page;
    expect_ok(read_page(resident_read(log.log.log()), 1, 10, 64 * kKiB, page));
    const std::size_t looks = log.env->looks;
    expect_ok(read_page(resident_read(log.log.log()), 11, 10, 64 * kKiB, page));
    expect_eq(log.env->looks, looks);
    log.env->now_ns += Residency::kHoldsNs;
    expect_ok(read_page(resident_read(log.log.log()), 21, 10, 64 * kKiB, page));
    expect_eq(log.env->looks, looks + 1);
  });

  s.test("a page that cannot be loaded is for the read to meet", [] {
    ColdLog cold(1'000);
    const std::vector<ReadRecord> wanted = cold.log.read_all();
    cold.cool();
    cold.env->load_errno = EIO;
    expect(take(scan(cold.log, kPageOfRecords, kPageOfBytes)) == wanted);
  });

  s.test("a stretch can be loaded after the log was closed", [] {
    ColdLog cold(1'000);
    cold.cool();
    Page page;
    expect_error(read_page(resident_read(cold.log.log()), 1, 10, 64 * kKiB, page),
                 Errc::kNotResident);
    std::optional<ColdStretch> stretch = cold.log->take_cold();
    expect_ok(cold.log->close());
    cold.log.crash();
    if (!stretch) stop("nothing to load");
    std::thread([&] { stretch->load(); }).join();
    expect(stretch->asked_by.expired());
    expect_eq(cold.env->loads.size(), 1u);
  });

  s.test("a read that may wait never says that it would", [] {
    ColdLog log(1'000);
    log.log.reopen();
    expect_eq(log.log.read_all().size(), 1'000u);
    expect_eq(log.env->looks, 0u);
    expect(!log.log->take_cold());
  });

  s.test("a follower hands over what is not in memory as the writer's reader does", [] {
    ColdLog cold(4'000);
    const std::vector<ReadRecord> wanted = cold.log.read_all();
    cold.log.reopen();
    Background background;
    auto cache = std::make_shared<SegmentCache>(*cold.env, background, 4);
    LogFollower follower({cold.env, cache, take(current_boot_hash(*cold.env))},
                         cold.log.directory(), cold.log.identity());
    Page page;
    const ReadCall now = [&](Sequence from, const PageLimits& limits, const PageBuffers& into) {
      PageLimits resident = limits;
      resident.resident_only = true;
      return follower.read(from, resident, into);
    };
    cold.env->cold = true;
    // The tail's own pages, which the writer keeps in memory.
    for (std::size_t page_at = 0; page_at < 20; ++page_at) cold.env->warm(page_at);
    for (std::size_t page_at = std::size_t{4'000} * 1'024 / kPageBytes - 30; page_at < 1'200;
         ++page_at) {
      cold.env->warm(page_at);
    }
    std::vector<ReadRecord> all;
    for (std::uint64_t from = 1; all.size() < wanted.size();) {
      auto records = read_page(now, from, kPageOfRecords, kPageOfBytes, page);
      if (!records && records.error().code == Errc::kNotResident) {
        load_elsewhere(follower.take_cold());
        background.drain();
        continue;
      }
      if (!records) stop(records.error().message);
      all.insert(all.end(), records->begin(), records->end());
      from = page.next.value;
    }
    expect(all == wanted);
    expect_ge(cold.env->loads.size(), 1u);
  });
});

}  // namespace
}  // namespace millrace::test
