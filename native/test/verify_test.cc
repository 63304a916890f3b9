#include "core/verify.h"

#include <string>

#include "core/file.h"
#include "core/frame.h"
#include "core/paths.h"
#include "core/time_index.h"
#include "test/store_fixture.h"

namespace millrace::test {
namespace {

// Appends records `first` to `first + count` of about `bytes`, one millisecond apart.
void append_numbers(LogFixture& log, std::uint64_t first, std::uint64_t count, std::size_t bytes) {
  for (std::uint64_t i = first; i < first + count; ++i) {
    log.append("key-" + std::to_string(i), std::to_string(i) + std::string(bytes, '.'),
               static_cast<std::int64_t>(1'000 + i));
  }
}

// Four segments of 1 and 4 MiB, closed.
void make_rolled(StoreFixture& store) {
  store.open();
  append_numbers(store.log(), 1, 9'000, 1'000);
  store.close();
  expect_ge(store.segment_count(), 3u);
}

// Syncs only when told to.
LogOptions manual_sync() {
  LogOptions options;
  options.checkpoint_ms = 1'000'000;
  options.checkpoint_bytes = 1024 * kMiB;
  options.backlog_bytes = 2048 * kMiB;
  return options;
}

std::vector<std::byte> zeros(std::size_t bytes) { return std::vector<std::byte>(bytes); }

const Suite clean("verify a sound store", [](Suite& s) {
  s.test("finds nothing in a store without logs, or whose log has no files", [] {
    StoreFixture store;
    store.expect_clean();
    store.open();
    expect_eq(store.log().read_all().size(), 0u);
    store.close();
    store.expect_clean();
  });
  s.test("finds nothing after a clean close, whatever was stored", [] {
    StoreFixture store;
    store.open();
    for (const std::size_t bytes : {0u, 1u, 7u, 8u, 9u, 1'000u, 16'384u, 70'000u}) {
      append_numbers(store.log(), 1, 3, bytes);
    }
    store.log().append(BatchBuilder().add_hashed("key", "0123456789abcdef", "payload").at(90'000));
    store.log().append("", "", 90'001);
    store.close();
    store.expect_clean();
  });
  s.test("finds nothing in segments that were rolled and sealed", [] {
    StoreFixture store;
    make_rolled(store);
    store.expect_clean();
    const StoreReport report = store.verify();
    std::uint64_t records = 0;
    for (const SegmentReport& segment : report.logs.at(0).segments) {
      records += segment.frames->records;
    }
    expect_eq(records, 9'000u);
    expect(report.logs[0].segments[0].head.seal.has_value());
    expect_ge(report.bytes_checked, 9'000'000u);
  });
  s.test("finds nothing in a record of 10 MiB", [] {
    StoreFixture store;
    store.open();
    store.log().append("small", "one");
    store.log().append("large", std::string(10 * kMiB, 'x'));
    store.log().append("small", "two");
    store.close();
    store.expect_clean();
  });
  s.test("finds nothing in a log that was ended, trimmed and reopened", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 9'000, 1'000);
    expect_ok(store.log()->trim({7'000}));
    store.log().drain();
    store.log().reopen();
    append_numbers(store.log(), 9'001, 100, 1'000);
    (void)take(store.log()->seal({100'000}));
    store.close();
    store.expect_clean();
  });
  s.test("finds nothing when writers go on in the middle of a segment", [] {
    StoreFixture store;
    store.open();
    // Each writer stops at another place of a 16 KiB cell of the index.
    for (std::uint64_t round = 0; round < 60; ++round) {
      append_numbers(store.log(), 1 + round, 1, 5'000 + 977 * (round % 40));
      store.log().reopen();
    }
    store.close();
    store.expect_clean();
  });
  s.test("finds no damage after any death of a process", [] {
    StoreFixture store(manual_sync());
    store.open();
    for (std::uint64_t round = 0; round < 8; ++round) {
      append_numbers(store.log(), 1 + round * 700, 700, 1'000);
      store.log().crash();
      store.expect_no_damage();
      store.open();
    }
    append_numbers(store.log(), 5'601, 10, 10);
    store.close();
    store.expect_no_damage();
  });
  s.test("finds no damage where a system crash left a gap in the numbers", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_numbers(store.log(), 1, 50, 100);
    expect_ok(store.log()->flush());
    append_numbers(store.log(), 51, 50, 100);
    store.log().crash();
    store.env().reboot();
    store.expect_clean();
    store.open();
    expect_ge(store.log().append("k", "after", 5'000), std::uint64_t{1} << 26);
    store.close();
    store.expect_clean();
    expect_eq(store.verify().logs.at(0).segments.at(0).frames->gaps, 1u);
  });
  s.test("calls what was never committed what it is", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 10, 100);
    const std::uint64_t end = store.verify().logs.at(0).segments.at(0).frames->end.bytes;
    store.log().crash();
    store.write(store.segment(0), end + 16, text_bytes("half of a batch"));
    store.expect_no_damage();
    store.expect_notice(store.segment(0), "never committed");
  });
  s.test("does not mistake a live writer for damage", [] {
    StoreFixture store;
    File lock = take(File::open(store.env(), "store/lock", OpenMode::kCreate));
    take(lock.lock_exclusive());
    store.open();
    for (std::uint64_t round = 0; round < 30; ++round) {
      append_numbers(store.log(), 1 + round * 300, 300, 1'000);
      const StoreReport report = store.verify();
      expect(report.in_use);
      expect_eq(in_words(report.findings), std::vector<std::string>{});
    }
    (void)take(store.log()->trim({8'000}));
    store.expect_clean();
  });
});

const Suite damaged("verify a damaged store", [](Suite& s) {
  s.test("tells what is no store, and a store of a later version, by their errors", [] {
    StoreFixture store;
    const ScanWatch watch;
    store.write("store/format", 23, text_bytes("9"));
    expect_error(verify_store(store.env(), "store", watch), Errc::kNewerFormat);
    take(store.env().unlink("store/format"));
    expect_error(verify_store(store.env(), "store", watch), Errc::kNotAStore);
    expect_error(inspect_store(store.env(), "nowhere"), Errc::kNotAStore);
  });
  s.test("names a segment that is missing in the middle, at the front, at the end", [] {
    StoreFixture store;
    make_rolled(store);
    const StoreImage image = store.image();
    const std::string last = store.segment(store.segment_count() - 1);
    const std::string second = store.segment(1);
    const std::string third = store.segment(2);
    take(store.env().unlink(second));
    store.expect_damage(third, "missing");
    store.restore(image);
    take(store.env().unlink(store.segment(0)));
    store.expect_damage(second, "missing");
    store.restore(image);
    take(store.env().unlink(last));
    store.expect_damage(store.file("ctl"), "commit mark");
    store.restore(image);
    while (store.segment_count() > 0) take(store.env().unlink(store.segment(0)));
    store.expect_damage(store.file("ctl"), "every segment is missing");
  });
  s.test("names a missing control page beside segments", [] {
    StoreFixture store;
    make_rolled(store);
    take(store.env().unlink(store.file("ctl")));
    store.expect_damage(store.file("ctl"), "missing");
    expect_eq(store.verify().logs.at(0).segments.size(), store.segment_count());
  });
  s.test("names foreign and swapped segments", [] {
    StoreFixture store;
    make_rolled(store);
    const StoreImage image = store.image();
    const std::string first = store.segment(0);
    const std::string second = store.segment(1);
    SegmentHeader header = load<SegmentHeader>(image.at(second).data());
    header.uuid[3] ^= std::byte{1};
    set_crc(header);
    store.write(second, 0, bytes_of(header));
    store.expect_damage(second, "another log");
    store.restore(image);
    take(store.env().rename(second, store.file("aside")));
    take(store.env().rename(first, second));
    take(store.env().rename(store.file("aside"), first));
    store.expect_damage(first, "another first sequence number");
    store.expect_damage(second, "another first sequence number");
  });
  s.test("finds each of several places in one segment, and goes on behind them", [] {
    StoreFixture store;
    make_rolled(store);
    const std::string path = store.segment(1);
    for (const std::uint64_t at : {100'000u, 1'000'000u, 2'000'000u}) {
      store.write(path, at, text_bytes("damage"));
    }
    const StoreReport report = store.verify();
    expect_eq(report.findings.size(), 3u);
    expect_ge(report.logs[0].segments[1].frames->records, 3'900u);
  });
  s.test("finds damage behind the commit mark of nobody", [] {
    StoreFixture store;
    make_rolled(store);
    const std::string path = store.segment(store.segment_count() - 1);
    const std::vector<std::byte> bytes = store.read(path);
    store.write(path, bytes.size() - 8, text_bytes("x"));
    store.expect_damage(path, "are not zero");
  });
  s.test("reports leftovers as notices", [] {
    StoreFixture store;
    make_rolled(store);
    store.write(store.file("next.tmp"), 0, text_bytes("x"));
    store.write(store.file("notes.txt"), 0, text_bytes("x"));
    store.write("store/readme", 0, text_bytes("x"));
    take(store.env().make_directory(store.file("quarantine")));
    store.write(store.file("quarantine/00000000000000000009.seg"), 0, text_bytes("x"));
    take(store.env().make_directory("store/shards/0123.trash"));
    take(store.env().unlink(store.file("wake")));
    store.expect_no_damage();
    store.expect_notice(store.file("next.tmp"), "being prepared");
    store.expect_notice(store.file("notes.txt"), "no file of a log");
    store.expect_notice("store/readme", "no part of a store");
    store.expect_notice(store.file("quarantine/00000000000000000009.seg"), "set aside");
    store.expect_notice("store/shards/0123.trash", "dropped");
    expect_eq(store.findings().size(), 5u);  // wake is not listed, hence not missed
  });
  s.test("has nothing against the server's certificate", [] {
    StoreFixture store;
    make_rolled(store);
    take(store.env().make_directory("store/tls"));
    store.write("store/tls/cert.pem", 0, text_bytes("x"));
    store.expect_clean();
  });
  s.test("finds what was promised in a segment without a header, behind one that is sealed", [] {
    LogOptions options = manual_sync();
    options.segment_age_ms = 1'000;
    StoreFixture store(options);
    store.open();
    append_numbers(store.log(), 1, 100, 100);
    store.log().append("k", "too late for the first segment", 9'000);
    expect_ok(store.log()->flush());
    store.log().drain();
    store.log().crash();
    store.env().reboot();
    store.expect_clean();
    store.write(store.segment(1), 0, text_bytes("damage"));
    store.expect_damage(store.segment(1), "not a segment");
  });
  s.test("tells a torn tail from damage after a system crash", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_numbers(store.log(), 1, 100, 100);
    expect_ok(store.log()->flush());
    const std::uint64_t durable = store.verify().logs.at(0).segments.at(0).frames->end.bytes;
    const std::vector<std::byte> ctl = store.read(store.file("ctl"));
    append_numbers(store.log(), 101, 9'000, 1'000);
    store.log().crash();
    // Later syncs never happened.
    constexpr std::size_t kMarks = offsetof(ControlPage, durable);
    store.write(store.file("ctl"), kMarks, Bytes(ctl).subspan(kMarks, 16));
    store.write(store.segment(0), kSealOffset, zeros(sizeof(SegmentSeal)));
    store.env().reboot();
    const StoreImage image = store.image();
    store.write(store.segment(0), durable + 5'000, zeros(64));
    store.expect_no_damage();
    store.expect_notice(store.segment(1), "torn tail");
    store.open();
    store.log().append("k", "after", 90'000);
    store.close();
    store.expect_no_damage();
    store.restore(image);
    store.write(store.segment(0), durable - 64, zeros(8));
    store.expect_damage(store.segment(0), "frame");
  });
  s.test("stops when it is told to", [] {
    StoreFixture store;
    make_rolled(store);
    std::atomic<bool> stop_now{false};
    std::uint64_t last = 0;
    const ScanWatch watch{.progress =
                              [&](std::uint64_t done, std::uint64_t total) {
                                expect_ge(done, last);
                                expect_ge(total, done);
                                last = done;
                                stop_now = done > 2 * kMiB;
                              },
                          .stop = &stop_now};
    const StoreReport report = take(verify_store(store.env(), "store", watch));
    expect_ge(report.bytes_checked, 2 * kMiB);
    expect_le(report.bytes_checked, 4 * kMiB);
  });
});

}  // namespace
}  // namespace millrace::test
