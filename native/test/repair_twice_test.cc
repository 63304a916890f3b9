// Repair where one damage hides another: the check that finds the one does not get as far as the
// other, or asks less than what is made anew will promise.
#include <cstddef>
#include <string>
#include <vector>

#include "core/control_page.h"
#include "core/frame.h"
#include "core/repair.h"
#include "core/segment_header.h"
#include "test/repair_fixture.h"

namespace millrace::test {
namespace {

LogOptions rare_checkpoints() {
  LogOptions options;
  options.checkpoint_ms = 1'000'000;
  return options;
}

const Suite repair_twice_tests("repair of damage that hides damage", [](Suite& s) {
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
  s.test("raises a mark that lies below where a listed writer began", [] {
    StoreFixture store(rare_checkpoints());
    store.open();
    store.write("store/lock", 0, {});
    for (int i = 0; i < 3; ++i) store.log().append("k", "first writer");
    store.log().crash();
    store.open();
    for (int i = 0; i < 3; ++i) store.log().append("k", "second writer");
    store.log().crash();
    const std::uint64_t one_frame = frame_stride(frame_length(1, false, 12));
    store.write(store.file("ctl"), offsetof(ControlPage, committed), bytes_of(one_frame));
    store.expect_damage(store.segment(0), "a writer is listed that began where no frame begins");
    expect_eq(repaired(store).lost.size(), 0u);
    store.expect_no_damage();
    store.open();
    expect_eq(store.log().read_all().size(), 6u);
    store.log().crash();
  });
  s.test("leaves nothing behind the end of a log that the new page calls closed", [] {
    StoreFixture store(rare_checkpoints());
    store.open();
    store.write("store/lock", 0, {});
    store.log().append("k", "only");
    take(store.log()->flush());
    const std::uint64_t durable =
        load<std::uint64_t>(store.read(store.file("ctl")).data() + offsetof(ControlPage, durable));
    take(store.log()->seal({2'000}));
    store.log().drain();
    store.log().crash();
    store.env().reboot();
    for (const std::size_t mark : {offsetof(ControlPage, committed), offsetof(ControlPage, durable),
                                   offsetof(ControlPage, indexed)}) {
      store.write(store.file("ctl"), mark, bytes_of(durable));
    }
    store.write(store.segment(0), 0x3000 + 500, text_bytes("what an earlier writer began"));
    store.flip(store.file("ctl"), 2'000 * 8);
    expect_eq(repaired(store).lost.size(), 0u);
    store.expect_no_damage();
  });
  s.test("leaves no mark inside a gap", [] {
    StoreFixture store(rare_checkpoints());
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
  s.test("holds marks and trim to frames that were not whole", [] {
    // Of the durable mark, the index mark, the trim point.
    for (const std::uint64_t byte : {192u, 200u, 320u}) {
      for (std::uint64_t bit = 0; bit < 24; ++bit) {
        const Case round("bit", byte * 8 + bit);
        StoreFixture store(rare_checkpoints());
        store.open();
        for (int i = 1; i <= 4; ++i) store.log().append("k", std::to_string(i) + ".");
        take(store.log()->flush());
        store.log().append("k", "5.");
        store.log().crash();
        store.write("store/lock", 0, {});
        store.write(store.segment(0), 0x3000 + 20, text_bytes("damage"));
        store.flip(store.file("ctl"), byte * 8 + bit);
        expect_eq(repaired(store).lost.size(), 1u);
        store.expect_no_damage();
        store.open();
        expect_eq(store.log().read_all().size(), 4u);
        expect_ge(store.log().append("k", "6."), 6u);
        store.log().crash();
      }
    }
  });
});

}  // namespace
}  // namespace millrace::test
