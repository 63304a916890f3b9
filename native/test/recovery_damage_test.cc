// What recovery makes of logs that were damaged, or whose writers had a hard time.
#include <algorithm>
#include <string>
#include <vector>

#include "core/control_page.h"
#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/frame.h"
#include "core/paths.h"
#include "test/store_fixture.h"

namespace millrace::test {
namespace {

void append_numbers(LogFixture& log, std::uint64_t first, std::uint64_t count, std::size_t bytes) {
  for (std::uint64_t i = first; i < first + count; ++i) {
    log.append("k", std::to_string(i) + std::string(bytes, '.'),
               static_cast<std::int64_t>(1'000 + i));
  }
}

const Suite recovery_damage_tests("recovery of damage", [](Suite& s) {
  s.test("removes no segment because of a trim that contradicts itself", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 9'000, 1'000);
    store.close();
    const std::size_t segments = store.segment_count();
    for (const std::uint64_t first : {std::uint64_t{2}, std::uint64_t{1} << 40}) {
      store.write(store.file("ctl"), offsetof(ControlPage, first_segment), bytes_of(first));
      expect_error(store.log().open(), Errc::kCorrupt);
      store.log().crash();
      expect_eq(store.segment_count(), segments);
    }
  });
  s.test("hides nothing because the trim of a log that was open lost a bit", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 50, 40'000);
    expect_ok(store.log()->trim({40}));
    store.log().drain();  // the page names the first segment that is left
    store.log().crash();
    const StoreImage image = store.image();
    for (std::uint64_t bit = 320 * 8; bit < 344 * 8; ++bit) {
      const Case round("bit", bit);
      store.flip(store.file("ctl"), bit);
      expect(!store.findings().empty());
      for (int opening = 0; opening < 2; ++opening) {
        const Result<void> opened = store.log().open();
        if (!opened) expect_error(opened, Errc::kCorrupt);
        if (opened) {
          const std::uint64_t first = take(store.log()->stats()).first.value;
          expect_le(first, 40u);
          expect_eq(store.log().read_all(first).size(), 51 - first);
        }
        store.log().crash();
      }
      store.restore(image);
    }
  });
  s.test("refuses a control page of before the last writer", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 50, 100);
    store.close();
    const std::vector<std::byte> older = store.read(store.file("ctl"));
    store.open();
    append_numbers(store.log(), 51, 100, 100);
    store.close();
    store.write(store.file("ctl"), 0, older);
    expect_error(store.log().open(), Errc::kCorrupt);
  });
  s.test("refuses a durable mark so high that adding to it wraps", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 50, 100);
    store.log().crash();
    const std::uint64_t highest = UINT64_MAX;
    store.write(store.file("ctl"), offsetof(ControlPage, committed), bytes_of(highest));
    store.write(store.file("ctl"), offsetof(ControlPage, durable), bytes_of(highest));
    store.env().reboot();
    expect_error(store.log().open(), Errc::kCorrupt);
  });
  s.test("takes in frames that their writer died before it published", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 50, 100);
    const std::vector<std::byte> ctl = store.read(store.file("ctl"));
    append_numbers(store.log(), 51, 50, 100);
    store.log().crash();
    constexpr std::size_t kMark = offsetof(ControlPage, committed);
    store.write(store.file("ctl"), kMark, Bytes(ctl).subspan(kMark, 8));
    store.expect_notice(store.segment(0), "never committed");
    store.open();
    expect_eq(store.log().read_all().size(), 100u);
    append_numbers(store.log(), 101, 10, 100);
    store.close();
    store.expect_clean();
  });
  s.test("opens a log whose first segment a system crash left without a header", [] {
    StoreFixture store;
    store.open();
    const std::vector<std::byte> nothing(512 - offsetof(ControlPage, boot_hash));
    store.log().append("k", "lost");
    store.log().crash();
    store.write(store.file("ctl"), offsetof(ControlPage, boot_hash), nothing);
    store.write(store.segment(0), 0, std::vector<std::byte>(kPageBytes));
    store.env().reboot();
    store.open();
    expect_eq(store.log().read_all().size(), 0u);
    store.log().append("k", "first");
    store.close();
    store.expect_no_damage();
  });
  s.test("hides no records of a log whose control page lost its words", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 50, 100);
    store.close();
    const std::vector<std::byte> nothing(512 - offsetof(ControlPage, boot_hash));
    store.write(store.file("ctl"), offsetof(ControlPage, boot_hash), nothing);
    store.open();
    expect_eq(store.log().read_all().size(), 50u);
    store.log().append("k", "after", 90'000);
    store.close();
    store.open();
    expect_eq(store.log().read_all().size(), 51u);
  });
  s.test("sets aside what follows a segment whose name a system crash lost", [] {
    LogOptions options;
    options.checkpoint_ms = 1'000'000;
    StoreFixture store(options);
    store.open();
    append_numbers(store.log(), 1, 100, 1'000);
    expect_ok(store.log()->flush());
    const std::vector<std::byte> ctl = store.read(store.file("ctl"));
    append_numbers(store.log(), 101, 9'000, 1'000);
    expect_ge(store.segment_count(), 3u);
    store.log().crash();
    constexpr std::size_t kMarks = offsetof(ControlPage, durable);
    store.write(store.file("ctl"), kMarks, Bytes(ctl).subspan(kMarks, 16));
    take(store.env().unlink(store.segment(1)));
    store.env().reboot();
    store.expect_no_damage();
    store.open();
    expect_ge(store.log().read_all().size(), 900u);
    expect_eq(store.segment_count(), 1u);
    store.log().append("k", "after", 90'000);
    store.close();
    store.expect_no_damage();
  });
  s.test("refuses a closed log whose commit mark was lost, and overwrites nothing", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 50, 100);
    store.close();
    const std::vector<std::byte> nothing(512 - offsetof(ControlPage, committed));
    store.write(store.file("ctl"), offsetof(ControlPage, committed), nothing);
    expect_error(store.log().open(), Errc::kCorrupt);
    store.expect_damage(store.segment(0), "not zero");
  });
  s.test("changes no file when it refuses", [] {
    StoreFixture store;
    store.open();
    append_numbers(store.log(), 1, 50, 100);
    store.log().crash();
    // The trim point and its check differ, which a recovery settles; and the mark is beyond all.
    store.write(store.file("ctl"), offsetof(ControlPage, trim_check), bytes_of(std::uint64_t{0}));
    store.write(store.file("ctl"), offsetof(ControlPage, trim_sequence),
                bytes_of(std::uint64_t{9}));
    store.write(store.file("ctl"), offsetof(ControlPage, committed),
                bytes_of(std::uint64_t{400'000}));
    const StoreImage image = store.image();
    expect_error(store.log().open(), Errc::kCorrupt);
    store.log().crash();
    expect(store.is(image));
  });
  s.test("keeps for ever what it sets aside, also two segments of one name", [] {
    LogOptions options;
    options.checkpoint_ms = 1'000'000;
    options.segment_age_ms = 1'000;
    StoreFixture store(options);
    std::vector<std::string> torn;
    store.open();
    append_numbers(store.log(), 1, 10, 100);
    expect_ok(store.log()->flush());
    constexpr std::size_t kMarks = offsetof(ControlPage, durable);
    const std::vector<std::byte> ctl = store.read(store.file("ctl"));
    for (int crash = 0; crash < 2; ++crash) {
      // The log rolls, the system goes down, and of the new segment only a damaged header is left.
      store.log().append("k", "late", 5'000 + crash);
      store.log().drain();  // the first segment is sealed, so nothing goes there any more
      expect_eq(store.segment_count(), 2u);
      store.log().crash();
      // Later syncs never happened.
      store.write(store.file("ctl"), kMarks, Bytes(ctl).subspan(kMarks, 16));
      store.write(store.segment(1), 0, text_bytes("torn " + std::to_string(crash)));
      torn.push_back(hex(store.read(store.segment(1))));
      store.env().reboot();
      store.open();
      expect_eq(store.segment_count(), 1u);
    }
    std::vector<std::string> kept;
    for (const DirectoryEntry& entry : take(store.env().list(store.file("quarantine")))) {
      kept.push_back(hex(store.read(store.file("quarantine/" + entry.name))));
    }
    std::ranges::sort(kept);
    expect(kept == torn, "both are there, as they were");
  });
  s.test("counts a writer once, however often the disk is full when it begins", [] {
    auto memory = std::make_shared<EnvMemory>();
    auto env = std::make_shared<EnvFaulting>(*memory);
    LogFixture log(env, "log");
    expect_ok(log.open());
    log.append("k", "before");
    log.reopen();
    env->plan({.call = EnvCall::kPopulate,
               .path_part = ".seg",
               .sys_errno = 28,
               .repeat = Fault::Repeat::kForever});
    const BatchBuilder batch = BatchBuilder().add("k", "refused");
    std::vector<double> out(1);
    for (int attempt = 0; attempt < 0x8000; ++attempt) {
      if (!expect_error(log->append(batch.packed(), {out, out}), Errc::kNoSpace)) return;
    }
    env->clear();
    log.append("k", "after");
    log.crash();
    if (expect_ok(log.open())) expect_eq(log.read_all().size(), 2u);
  });
  s.test("never uses a lost number again, though the disk is full after the system crash", [] {
    auto memory = std::make_shared<EnvMemory>();
    auto machine = std::make_shared<MachineEnv>(memory);
    auto env = std::make_shared<EnvFaulting>(*machine);
    LogFixture log(env, "log");
    expect_ok(log.open());
    log.append("k", "before");
    log.crash();
    machine->reboot();
    expect_ok(log.open());
    env->plan({.call = EnvCall::kPopulate,
               .path_part = ".seg",
               .sys_errno = 28,
               .repeat = Fault::Repeat::kForever});
    const BatchBuilder batch = BatchBuilder().add("k", "refused");
    std::vector<double> out(1);
    expect_error(log->append(batch.packed(), {out, out}), Errc::kNoSpace);
    log.crash();  // and now only the process dies
    env->clear();
    expect_ok(log.open());
    expect_ge(log.append("k", "after"), std::uint64_t{1} << 26);
  });
  s.test("opens a log whose clock stood before 1970", [] {
    for (const bool closed : {true, false}) {
      StoreFixture store;
      store.open();
      store.log().append("k", "one", -5'000);
      store.log().append("k", "two", -4'000);
      closed ? store.close() : store.log().crash();
      store.expect_no_damage();
      store.env().reboot();
      store.open();
      expect_eq(store.log().read_all().size(), 2u);
    }
  });
});

}  // namespace
}  // namespace millrace::test
