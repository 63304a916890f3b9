// Repair of logs that were damaged in ways that a flip or a cut are not: several places, segments
// that are gone, pages that are gone; and repairs that are interrupted.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/control_page.h"
#include "core/control_snapshot.h"
#include "core/directory_lock.h"
#include "core/env_faulting.h"
#include "core/frame.h"
#include "core/repair.h"
#include "core/segment_rewrite.h"
#include "test/store_fixture.h"

namespace millrace::test {
namespace {

// Frames of 1 KiB, so that a log rolls after a thousand.
void append_numbers(LogFixture& log, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = first; i < first + count; ++i) {
    log.append("k", std::to_string(i) + std::string(960, '.'),
               static_cast<std::int64_t>(1'000 + i));
  }
}

// A closed log of three segments.
void make_rolled(StoreFixture& store) {
  store.open();
  append_numbers(store.log(), 1, 6'000);
  store.log().drain();  // all but the last are sealed
  store.close();
  expect_eq(store.segment_count(), 3u);
}

// Nine records in three segments, closed.
void make_small(StoreFixture& store) {
  store.open();
  for (int i = 0; i < 9; ++i) {
    store.log().append("k", std::to_string(i) + std::string(40, '.'), i / 3 * 5'000 + i);
  }
  store.log().drain();
  store.close();
  store.write("store/lock", 0, {});
}

LogOptions short_segments() {
  LogOptions options;
  options.segment_age_ms = 1'000;
  return options;
}

Result<RepairReport> try_repair(Env& env, const std::string& root, RepairOptions options = {}) {
  const ScanWatch watch;
  return repair_store(env, root, options, watch);
}

// What a repair says of the fixture's log.
LogRepair repaired(StoreFixture& store, RepairOptions options = {}) {
  const RepairReport report = take(try_repair(store.env(), store.root(), options));
  return report.logs.at(0);
}

std::vector<std::uint64_t> numbers_of(const std::vector<ReadRecord>& records) {
  std::vector<std::uint64_t> numbers;
  for (const ReadRecord& record : records) numbers.push_back(record.sequence);
  return numbers;
}

std::vector<std::uint64_t> but(std::uint64_t count, std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t n = 1; n <= count; ++n) {
    if (n < first || n > last) numbers.push_back(n);
  }
  return numbers;
}

// Opens the log again and expects these records, and that it is written on with higher numbers.
void expect_records(StoreFixture& store, const std::vector<std::uint64_t>& numbers,
                    std::uint64_t used_below, std::uint64_t first = 1) {
  store.expect_no_damage();
  store.open();
  const std::vector<ReadRecord> records = store.log().read_all(first);
  expect(numbers_of(records) == numbers, "other records are left");
  for (const ReadRecord& record : records) {
    expect(record.payload.starts_with(std::to_string(record.sequence) + "."));
  }
  expect_ge(store.log().append("k", "more", 1'000'000), used_below);
  store.close();
  store.expect_no_damage();
}

const Suite repair_tests("repair", [](Suite& s) {
  s.test("leaves a sound store as it is, to the byte", [] {
    StoreFixture store;
    make_rolled(store);
    store.write("store/lock", 0, {});
    const StoreImage image = store.image();
    const LogRepair log = repaired(store);
    expect(log.outcome == RepairOutcome::kSound);
    expect(store.is(image));
  });
  s.test("refuses a store that somebody writes", [] {
    StoreFixture store;
    make_rolled(store);
    const DirectoryLock lock = take(DirectoryLock::acquire(store.env(), store.root()));
    expect_error(try_repair(store.env(), store.root()), Errc::kBusy);
  });
  s.test("plans without changing anything", [] {
    StoreFixture store;
    make_rolled(store);
    store.write("store/lock", 0, {});
    store.write(store.segment(1), 200'000, text_bytes("damage"));
    const StoreImage image = store.image();
    const LogRepair plan = repaired(store, {.dry_run = true});
    expect(store.is(image));
    const LogRepair done = repaired(store);
    expect_eq(plan.lost.size(), done.lost.size());
    expect(plan.rewritten == done.rewritten);
  });
  s.test("keeps what lies behind damage, and says what is lost", [] {
    StoreFixture store;
    make_rolled(store);
    // Three records in a row, of which the middle one is whole nowhere.
    store.write(store.segment(1), 0x4000 + 50 * 1'000, std::vector<std::byte>(2'000));
    const std::vector<std::byte> damaged = store.read(store.segment(1));
    const LogRepair log = repaired(store);
    expect_eq(log.lost.size(), 1u);
    const LostNumbers& lost = log.lost.at(0);
    const std::uint64_t count = lost.last->value - lost.first.value + 1;
    expect_ge(count, 2u);
    expect_le(count, 4u);
    expect_eq(lost.records.value_or(0), count);
    expect(lost.earliest && lost.latest && *lost.earliest < *lost.latest);
    expect_eq(log.set_aside.size(), 1u);
    expect(store.read("store/" + log.set_aside.at(0).kept_as) == damaged, "kept as it was");
    expect_records(store, but(6'000, lost.first.value, lost.last->value), 6'001);
  });
  s.test("fills the place of a segment that is gone", [] {
    StoreFixture store;
    make_rolled(store);
    const Segment second = take(read_segment(store.env(), store.segment(1), some_identity()));
    const Segment third = take(read_segment(store.env(), store.segment(2), some_identity()));
    take(store.env().unlink(second.path));
    const LogRepair log = repaired(store);
    expect_eq(log.lost.size(), 1u);
    const std::uint64_t last = third.header.previous_sequence;
    expect_eq(log.lost.at(0).first.value, second.header.base_sequence);
    expect_eq(log.lost.at(0).last.value_or(Sequence{}).value, last);
    expect_eq(store.segment_count(), 3u);
    expect_records(store, but(6'000, second.header.base_sequence, last), 6'001);
  });
  s.test("lets a log begin later whose first segment is gone", [] {
    StoreFixture store;
    make_rolled(store);
    const Segment second = take(read_segment(store.env(), store.segment(1), some_identity()));
    take(store.env().unlink(store.segment(0)));
    const LogRepair log = repaired(store);
    const std::uint64_t base = second.header.base_sequence;
    expect_eq(log.lost.size(), 1u);
    expect_records(store, but(6'000, 1, base - 1), 6'001, base);
  });
  s.test("uses no number again of a last segment that is gone, or has no header", [] {
    for (const bool gone : {true, false}) {
      StoreFixture store;
      make_rolled(store);
      const std::string last = store.segment(2);
      const Segment third = take(read_segment(store.env(), last, some_identity()));
      const std::vector<std::byte> nothing(512);
      if (gone) {
        take(store.env().unlink(last));
      } else {
        store.write(last, 0, nothing);
      }
      const LogRepair log = repaired(store);
      expect_eq(log.lost.size(), 1u);
      expect(!log.lost.at(0).last, "nobody knows how many there were");
      expect_eq(log.lost.at(0).first.value, third.header.base_sequence);
      expect_records(store, but(6'000, third.header.base_sequence, 6'000), 6'001);
      if (!gone) expect_eq(take(store.env().list(store.file("quarantine"))).size(), 2u);
    }
  });
  s.test("makes the control page again, from the frames", [] {
    StoreFixture store;
    make_rolled(store);
    for (const bool gone : {true, false}) {
      const StoreImage image = store.image();
      if (gone) {
        take(store.env().unlink(store.file("ctl")));
      } else {
        store.write(store.file("ctl"), 0, std::vector<std::byte>(512, std::byte{0xee}));
      }
      const LogRepair log = repaired(store);
      expect_eq(log.lost.size(), 0u);
      expect(log.resumes_at && log.resumes_at->value > 6'001);
      expect_records(store, but(6'000, 0, 0), 6'001);
      store.restore(image);
    }
  });
  s.test("puts a trim back that both words agree on, and hides nothing else", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 6'000);
    expect_ok(store.log()->trim({3'000}));
    store.log().drain();
    store.close();
    store.flip(store.file("ctl"), offsetof(ControlPage, unused_2) * 8);
    const LogRepair log = repaired(store);
    expect_eq(log.lost.size(), 0u);
    store.expect_no_damage();
    store.open();
    expect_eq(take(store.log()->stats()).first.value, 3'000u);
    expect_eq(store.log().read_all(3'000).size(), 3'001u);
  });
  s.test("ends a log again that had ended", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 10);
    const std::uint64_t end = take(store.log()->seal({5'000})).value;
    store.log().drain();
    store.close();
    const StoreImage image = store.image();
    const StoreReport report = store.verify();
    const std::uint64_t behind = report.logs.at(0).segments.at(0).frames->end.bytes;
    for (const std::uint64_t back : {std::uint64_t{8}, std::uint64_t{40}}) {
      store.flip(store.segment(0), (behind - back) * 8);
      const LogRepair log = repaired(store);
      expect_eq(log.lost.size(), back == 8 ? 0u : 1u);
      store.expect_no_damage();
      store.open();
      const LogStats stats = take(store.log()->stats());
      expect(stats.sealed);
      expect_eq(stats.next.value, end + 1);
      expect_eq(store.log().read_all().size(), back == 8 ? 10u : 9u);
      store.log().crash();
      store.restore(image);
    }
  });
  s.test("believes frames, not a list of writers that lost a bit", [] {
    StoreFixture store;
    make_rolled(store);
    for (std::uint64_t bit = 0; bit < 256; ++bit) {
      const Case round("bit", bit);
      const StoreImage image = store.image();
      store.flip(store.segment(1 + bit / 128), kEpochsOffset * 8 + bit % 128);
      expect_eq(repaired(store).lost.size(), 0u);
      store.expect_no_damage();
      store.restore(image);
    }
  });
  s.test("holds what it leaves to what the new page says of it", [] {
    // Behind the frames, and in the index behind theirs: what a log that is open may have there.
    for (const std::uint64_t byte : {std::uint64_t{0x2000 + 22}, std::uint64_t{700'000}}) {
      for (const bool system_dies : {false, true}) {
        const Case round(system_dies ? "system died" : "process died", byte);
        StoreFixture store(short_segments());
        store.open();
        for (int i = 0; i < 9; ++i) store.log().append("k", std::to_string(i) + ".", i / 3 * 5'000);
        store.log().crash();
        if (system_dies) store.env().reboot();
        store.write("store/lock", 0, {});
        for (std::size_t i = 0; i < store.segment_count(); ++i) {
          store.flip(store.segment(i), byte * 8);
        }
        store.flip(store.file("ctl"), 2'000 * 8);
        expect_eq(repaired(store).lost.size(), 0u);
        store.expect_no_damage();
        store.open();
        expect_eq(store.log().read_all().size(), 9u);
        store.log().crash();
      }
    }
  });
  s.test("looks at a segment whose end only the damaged header behind it knows", [] {
    StoreFixture store(short_segments());
    make_small(store);
    store.write(store.segment(0), 0x200, std::vector<std::byte>(512));  // was not sealed yet
    store.expect_no_damage();
    store.write(store.segment(0), 0x3000 + 100, text_bytes("damage"));
    store.flip(store.segment(1), 33);
    const LogRepair log = repaired(store);
    expect_eq(log.lost.size(), 1u);
    expect_eq(log.rewritten.size(), 2u);
    store.expect_no_damage();
    store.open();
    expect_eq(store.log().read_all().size(), 8u);
    store.log().crash();
  });
  s.test("holds the page to a segment whose header was damaged, too", [] {
    for (const std::uint64_t bit : {std::uint64_t{131 * 8}, std::uint64_t{130 * 8}}) {
      StoreFixture store;
      store.open();
      for (int i = 1; i <= 3; ++i) store.log().append("k", std::to_string(i) + ".");
      store.log().crash();
      store.write("store/lock", 0, {});
      store.flip(store.segment(0), 53 * 8 + 1);
      store.flip(store.file("ctl"), bit);
      expect_eq(repaired(store).rewritten.size(), 2u);
      store.expect_no_damage();
      store.open();
      expect_eq(store.log().read_all().size(), 3u);
      expect_ge(store.log().append("k", "4."), 4u);
      store.log().crash();
    }
  });
  s.test("looks behind a damaged header, whatever verify says of a crash of the system", [] {
    StoreFixture store(short_segments());
    make_small(store);
    store.open();
    store.log().append("k", "9.", 10'003);
    take(store.log()->flush());
    store.log().crash();
    store.env().reboot();
    store.flip(store.segment(0), 49 * 8);
    store.write(store.segment(2), 0x3000 + 100, text_bytes("damage"));
    expect_eq(repaired(store).lost.size(), 1u);
    store.expect_no_damage();
    store.open();
    expect_eq(store.log().read_all().size(), 9u);
    store.log().crash();
  });
  s.test("leaves no mark inside a gap", [] {
    LogOptions options;
    options.checkpoint_ms = 1'000'000;
    StoreFixture store(options);
    store.open();
    store.log().append("k", "1.", 1'000);
    store.log().append("k", "2." + std::string(50, '.'), 1'001);
    take(store.log()->flush());
    store.log().append("k", "3." + std::string(900, '.'), 1'002);
    store.log().append("k", "4.", 1'003);
    store.log().crash();
    store.write("store/lock", 0, {});
    const std::vector<std::byte> bytes = store.read(store.segment(0));
    const std::uint64_t first = load<SegmentHeader>(bytes.data()).data_offset;
    const auto frame = load<FrameHeader>(bytes.data() + first);
    store.write(store.segment(0), first + frame_stride(frame.length), std::vector<std::byte>(400));
    const LogRepair log = repaired(store);
    expect_eq(log.lost.size(), 1u);
    expect(!log.resumes_at);
    store.expect_no_damage();
    store.open();
    expect(numbers_of(store.log().read_all()) == std::vector<std::uint64_t>{1, 4});
    expect_eq(store.log().append("k", "5.", 1'004), 5u);
    store.log().crash();
    store.expect_no_damage();
  });
  s.test("brings back no record that an earlier crash had cut off", [] {
    LogOptions options;
    options.checkpoint_ms = 1'000'000;
    StoreFixture store(options);
    store.open();
    append_numbers(store.log(), 1, 10);
    expect_ok(store.log()->flush());
    append_numbers(store.log(), 11, 3);  // 11 is torn, 12 and 13 reach the disk
    const std::uint64_t durable =
        0x3000 + take(read_control(store.env(), store.folder())).words.durable.bytes;
    store.log().crash();
    store.write(store.segment(0), durable + 100, text_bytes("torn"));
    store.env().reboot();
    store.open();
    store.log().append("k", "behind the gap", 5'000);
    store.close();
    // Now the gap is damaged, and so is the page: only the list of writers tells old from new.
    store.write(store.segment(0), durable + 8, text_bytes("gone"));
    store.write(store.file("ctl"), 0, text_bytes("gone, too"));
    (void)repaired(store);
    store.expect_no_damage();
    store.open();
    for (const ReadRecord& record : store.log().read_all()) {
      expect(record.sequence <= 10 || record.payload == "behind the gap");
    }
  });
  s.test("names the store again, as its metadata does", [] {
    StoreFixture store;
    make_rolled(store);
    std::array<std::byte, 16> uuid;
    uuid.fill(std::byte{0x5a});
    LogFixture meta(std::shared_ptr<Env>(std::shared_ptr<void>(), &store.env()), "store/meta", {},
                    {uuid, 0});
    expect_ok(meta.open());
    meta.append("", "command");
    expect_ok(meta->close());
    meta.crash();
    const StoreImage image = store.image();
    const std::vector<std::byte> format = image.at("store/format");
    for (std::uint64_t bit = 0; bit < format.size() * 8; ++bit) {
      const Case round("bit", bit);
      store.flip("store/format", bit);
      const Result<RepairReport> report = try_repair(store.env(), store.root());
      if (!report) {
        expect_error(report, Errc::kNewerFormat);
        expect_eq(bit / 8, 23u);  // the number of the version, that might be a later one
      } else {
        expect(store.read("store/format") == format);
        expect(report->store.outcome == RepairOutcome::kRepaired);
        store.expect_no_damage();
      }
      store.restore(image);
    }
  });
  s.test("loses no command of the metadata unless it is told to", [] {
    StoreFixture store;
    make_rolled(store);
    std::array<std::byte, 16> uuid;
    uuid.fill(std::byte{0x5a});
    LogFixture meta(std::shared_ptr<Env>(std::shared_ptr<void>(), &store.env()), "store/meta", {},
                    {uuid, 0});
    expect_ok(meta.open());
    for (int i = 0; i < 9; ++i) meta.append("", "command");
    expect_ok(meta->close());
    meta.crash();
    store.write("store/meta/00000000000000000001.seg", 0x3000 + 40 * 3, text_bytes("damage"));
    const StoreImage image = store.image();
    const LogRepair refused = repaired(store);
    expect(refused.outcome == RepairOutcome::kRefused);
    expect_eq(refused.lost.size(), 1u);
    expect(store.read("store/meta/00000000000000000001.seg") ==
           image.at("store/meta/00000000000000000001.seg"));
    const Sequence behind{refused.lost.at(0).last->value + 1};
    const LogRepair begun = repaired(store, {.metadata_begin = behind});
    expect(begun.outcome == RepairOutcome::kRepaired);
    store.expect_no_damage();
    expect_ok(meta.open());
    expect_eq(take(meta->stats()).first.value, behind.value);
    expect_eq(meta.read_all(behind.value).size(), 10 - behind.value);
  });
});

// Fails every call of a repair in turn, once and for ever, and lets the repair run again: nothing
// that was kept may be lost by that.
const Suite interrupted_tests("an interrupted repair", [](Suite& s) {
  s.test("leaves the log as it was or better, and finishes when it runs again", [] {
    StoreFixture store(short_segments());
    make_small(store);
    store.write(store.segment(0), 0x3000 + 100, text_bytes("damage"));
    store.flip(store.segment(1), 33);
    store.flip(store.file("ctl"), 130 * 8);
    const StoreImage damaged = store.image();
    expect_eq(repaired(store).rewritten.size(), 3u);
    store.open();
    const std::vector<std::uint64_t> kept = numbers_of(store.log().read_all());
    expect_eq(kept.size(), 8u);
    store.log().crash();
    store.restore(damaged);
    std::uint64_t interrupted = 0;
    for (std::uint64_t call = 1;; ++call) {
      const Case round("call", call);
      EnvFaulting env(store.env());
      env.plan({.path_part = "shards/",
                .nth = call,
                .sys_errno = 28,
                .repeat = Fault::Repeat::kForever});
      const Result<RepairReport> report = try_repair(env, store.root());
      const bool refused = !report || report->logs.at(0).outcome == RepairOutcome::kRefused;
      // Everything that was damaged is there as it was, in its place or set aside.
      const StoreImage now = store.image();
      for (const auto& [path, bytes] : damaged) {
        const auto is_there = [&](const auto& file) { return file.second == bytes; };
        expect(std::ranges::any_of(now, is_there), path);
      }
      if (!refused) break;
      ++interrupted;
      (void)repaired(store);
      store.expect_no_damage();
      store.open();
      expect(numbers_of(store.log().read_all()) == kept, "other records are kept");
      store.log().crash();
      store.restore(damaged);
    }
    expect_ge(interrupted, 30u);
  });
});

// Fails every call of a repair in turn, once, as a device does whose sector could not be read at
// the first time. Calls `after` with what the repair says; answers how many calls there were.
template <typename After>
std::uint64_t fail_each_once(StoreFixture& store, After after) {
  const StoreImage image = store.image();
  for (std::uint64_t call = 1;; ++call) {
    const Case round("call", call);
    EnvFaulting env(store.env());
    env.plan({.path_part = "store", .nth = call});
    after(try_repair(env, store.root()));
    store.restore(image);
    if (env.fault_count() == 0) return call;
  }
}

const Suite failed_read_tests("a repair on a device that fails once", [](Suite& s) {
  s.test("changes nothing that is sound", [] {
    StoreFixture store(short_segments());
    make_small(store);
    const StoreImage image = store.image();
    std::uint64_t told = 0;
    const std::uint64_t calls = fail_each_once(store, [&](const Result<RepairReport>& report) {
      expect(store.is(image), "a sound store was changed");
      if (!report) return void(++told);
      const LogRepair& log = report->logs.at(0);
      expect(log.outcome != RepairOutcome::kRepaired);
      if (!log.refusal) return;
      ++told;
      expect_eq(log.refusal->code, Errc::kIo);
    });
    expect_ge(calls, 40u);
    expect_ge(told, 20u);
  });
  s.test("writes nothing anew but what is damaged", [] {
    StoreFixture store(short_segments());
    make_small(store);
    store.write(store.segment(1), 0x3000 + 100, text_bytes("damage"));
    const std::vector<std::string> damaged = repaired(store, {.dry_run = true}).rewritten;
    expect_eq(damaged.size(), 1u);
    fail_each_once(store, [&](const Result<RepairReport>& report) {
      if (!report) return;
      for (const std::string& file : report->logs.at(0).rewritten) expect_eq(file, damaged.at(0));
    });
  });
});

}  // namespace
}  // namespace millrace::test
