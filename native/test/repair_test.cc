// Repair of logs that were damaged in ways that a flip or a cut are not: segments that are gone,
// pages that are gone, several frames in a row.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/control_page.h"
#include "core/control_snapshot.h"
#include "core/directory_lock.h"
#include "core/frame.h"
#include "core/repair.h"
#include "test/repair_fixture.h"

namespace millrace::test {
namespace {

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

}  // namespace
}  // namespace millrace::test
