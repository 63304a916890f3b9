// What a crash of the system may leave of a log beside torn frames: found by crash replay
// (native/crash), each by itself.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <set>
#include <string>

#include "core/boot_hash.h"
#include "core/control_snapshot.h"
#include "core/engine.h"
#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/env_recording.h"
#include "core/file.h"
#include "core/log_follower.h"
#include "core/recovery.h"
#include "core/time_index.h"
#include "test/store_fixture.h"

namespace millrace::test {
namespace {

LogOptions manual_sync() {
  LogOptions options;
  options.checkpoint_ms = 1'000'000;
  return options;
}

LogOptions committing() {
  LogOptions options = manual_sync();
  options.written = true;
  options.sync_commits = true;
  return options;
}

// A key of one byte and this payload make a frame of 1 KiB, so that 16 fill a cell of the index.
const std::string kKilobyte(1'024 - kFrameHeaderBytes - 8, '.');

void append_kilobytes(StoreFixture& store, int count) {
  for (int i = 0; i < count; ++i) store.log().append("k", kKilobyte);
}

// The machine goes down as it is, and comes up again.
void lose_power(StoreFixture& store) {
  store.log().crash();
  store.env().reboot();
}

void zero(StoreFixture& store, const std::string& path, std::uint64_t at, std::size_t bytes) {
  store.write(path, at, std::vector<std::byte>(bytes));
}

// A reader in another process.
LogFollower follower_of(StoreFixture& store, Background& background) {
  const std::shared_ptr<Env> env = store.env().shared_from_this();
  return LogFollower(
      {env, std::make_shared<SegmentCache>(*env, background, 4), take(current_boot_hash(*env))},
      store.folder(), some_identity());
}

const Suite recovery_crash_tests("recovery from a crash", [](Suite& s) {
  s.test("finds a store that was made, whatever folder it was made in", [] {
    const auto memory = std::make_shared<EnvMemory>();
    const auto recording = std::make_shared<EnvRecording>(*memory);
    const auto background = std::make_shared<Background>();
    take(memory->make_directory("above"));
    take(take(Engine::open(recording, background, "above/store", {}))->close());
    std::string folders;  // that were synced, before the store had its name
    for (const RecordedCall& call : recording->take_calls()) {
      if (call.kind == RecordedCall::Kind::kRename) break;
      if (call.kind == RecordedCall::Kind::kSyncDirectory) folders += call.path + " ";
    }
    expect_eq(folders, std::string("above/store above "));
  });
  s.test("knows the next number where the first frame behind the mark left its slot alone", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_kilobytes(store, 16);
    take(store.log()->flush());
    append_kilobytes(store, 1);  // the first of its cell: its slot lies in another sector
    const std::uint64_t at = data_offset_for(kSegmentDataMin) + kGridBytes;
    const std::string path = store.segment(0);
    lose_power(store);
    zero(store, path, at, 1'024);
    store.open();
    expect_eq(store.log().read_all().size(), 16u);
    expect_ge(store.log().append("k", "after"), std::uint64_t{1} << 26);
    store.log().reopen();
    expect_eq(store.log().read_all().size(), 17u);
    store.close();
    store.expect_no_damage();
  });
  s.test("is not led astray by a slot that no checkpoint has covered", [] {
    StoreFixture store(committing());
    store.open();
    append_kilobytes(store, 40);
    const std::string path = store.segment(0);
    lose_power(store);
    // The slot of an earlier writer, whose frame lay elsewhere in the cell.
    const std::uint64_t cell = data_offset_for(kSegmentDataMin) + 2 * kGridBytes;
    const IndexSlot stale{.offset = static_cast<std::uint32_t>(cell + 512),
                          .sequence_delta = 32,
                          .arrival_ms = 1'000};
    store.write(path, kIndexOffset + 2 * sizeof(IndexSlot), bytes_of(stale));
    store.open();
    expect_eq(store.log().read_all().size(), 40u);
  });
  s.test("lists the writer of every frame that survived", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_kilobytes(store, 2);
    take(store.log()->flush());
    const std::string path = store.segment(0);
    store.log().crash();
    store.open();  // another writer, of whom only frames reach the disk
    append_kilobytes(store, 2);
    lose_power(store);
    zero(store, path, kEpochsOffset + sizeof(EpochStart), sizeof(EpochStart));
    store.open();
    expect_eq(store.log().read_all().size(), 4u);
    store.log().append("k", "after");
    store.close();
    store.expect_no_damage();
  });
  s.test("lists the first writer of a segment, too", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_kilobytes(store, 2);
    const std::string path = store.segment(0);
    lose_power(store);
    zero(store, path, kEpochsOffset, sizeof(EpochStart));
    store.open();
    expect_eq(store.log().read_all().size(), 2u);
    store.log().append("k", "after");
    store.close();
    store.expect_no_damage();
  });
  s.test("lists no writer far beyond all that the log has had", [] {
    for (const bool promised : {false, true}) {
      const Case round("promised", promised ? 1 : 0);
      StoreFixture store(manual_sync());
      store.open();
      append_kilobytes(store, 2);
      if (promised) take(store.log()->flush());
      const std::string path = store.segment(0);
      lose_power(store);
      store.flip(path, kEpochsOffset * 8 + 30);
      store.open();
      expect_eq(store.log().read_all().size(), 2u);
      store.log().append("k", "after");
      store.close();
      store.expect_no_damage();
    }
  });
  s.test("takes what an unlisted writer left behind a segment's end for no damage", [] {
    LogOptions options = manual_sync();
    options.segment_age_ms = 10;
    StoreFixture store(options);
    store.open();
    append_kilobytes(store, 2);
    const std::string path = store.segment(0);
    lose_power(store);
    zero(store, path, kEpochsOffset, sizeof(EpochStart));
    zero(store, path, data_offset_for(kSegmentDataMin), 512);
    store.open();
    store.log().append("k", "begins another segment", 5'000);
    store.close();
    expect_ge(store.segment_count(), 2u);
    store.expect_no_damage();
  });
  s.test("takes half a mark of a segment's end for no damage, and other bytes for some", [] {
    LogOptions options = manual_sync();
    options.segment_age_ms = 10;
    StoreFixture store(options);
    store.open();
    append_kilobytes(store, 2);
    const std::string path = store.segment(0);
    store.log().append("k", "begins another segment", 5'000);
    store.close();
    const std::uint64_t mark = data_offset_for(kSegmentDataMin) + 2 * kKiB;
    const StoreImage whole = store.image();
    store.expect_clean();
    for (const std::uint64_t half : {std::uint64_t{0}, kFrameHeaderBytes / 2}) {
      zero(store, path, mark + half, kFrameHeaderBytes / 2);
      store.expect_no_damage();
      store.expect_notice(path, "the mark of the segment's end is there in part");
      store.flip(path, (mark + kFrameHeaderBytes / 2 - half) * 8);
      store.expect_damage(path, "behind the last frame are not zero");
      store.restore(whole);
    }
  });
  s.test("counts a new writer behind all that are listed, whatever the page counts", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_kilobytes(store, 2);
    const std::string path = store.segment(0);
    for (int writer = 2; writer <= 3; ++writer) {
      store.log().crash();
      store.open();
      append_kilobytes(store, 1);
    }
    lose_power(store);
    // As of a store that never syncs: its page is the first writer's, the others' frames are gone.
    const std::uint64_t first = 1;
    store.write(store.file("ctl"), offsetof(ControlPage, writer_epoch), bytes_of(first));
    zero(store, path, data_offset_for(kSegmentDataMin) + 2 * kKiB, 2 * kKiB);
    store.open();
    store.log().append("k", "after");
    store.log().crash();
    store.open();
    expect_eq(store.log().read_all().size(), 3u);
  });
  s.test("takes a trim for none too high where nothing was synced, and frames are lost", [] {
    LogOptions options = manual_sync();
    options.sync = false;
    StoreFixture store(options);
    store.open();
    append_kilobytes(store, 8);
    expect_ok(store.log()->trim({6}));
    const std::string path = store.segment(0);
    lose_power(store);
    zero(store, path, data_offset_for(kSegmentDataMin) + 2 * kKiB, 6 * kKiB);
    store.expect_no_damage();
    store.open();
    expect_eq(store.log().read_all(6).size(), 0u);
    expect_ge(store.log().append("k", "after"), std::uint64_t{6});
  });
  s.test("takes a writer off the list that was caught while it was noted", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_kilobytes(store, 2);
    take(store.log()->flush());
    const std::string path = store.segment(0);
    store.log().crash();
    store.open();  // another writer, of whom only half a line reaches the disk
    append_kilobytes(store, 1);
    lose_power(store);
    constexpr std::uint64_t kSecond = kEpochsOffset + sizeof(EpochStart);
    zero(store, path, kSecond + offsetof(EpochStart, offset), sizeof(EpochStart::offset));
    zero(store, path, data_offset_for(kSegmentDataMin) + 2 * kKiB, 1'024);
    store.expect_no_damage();
    store.open();
    expect_eq(store.log().read_all().size(), 2u);
    store.log().append("k", "after");
    store.close();
    store.expect_clean();
  });
  s.test("does not take a page for closed that lost everything but its first line", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_kilobytes(store, 2);
    lose_power(store);
    constexpr std::size_t kFrom = offsetof(ControlPage, boot_hash);
    zero(store, store.file("ctl"), kFrom, sizeof(ControlPage) - kFrom);
    for (int opened = 0; opened < 3; ++opened) {
      store.open();
      expect_eq(store.log().read_all().size(), 2u);
      store.log().crash();
    }
  });
  s.test("believes the durable mark of a page whose lines are of different moments", [] {
    StoreFixture store(committing());
    store.open();
    append_kilobytes(store, 4);
    const std::uint64_t before = 2 * kKiB;
    lose_power(store);
    store.write(store.file("ctl"), offsetof(ControlPage, committed), bytes_of(before));
    // The line that leads readers to the segment may be the oldest of all.
    zero(store, store.file("ctl"), offsetof(ControlPage, active_segment), 8);
    store.expect_no_damage();
    store.expect_notice(store.file("ctl"), "the commit mark is older than the durable mark");
    Background background;
    expect_eq(take(follower_of(store, background).stats()).next.value, 5u);
    store.open();
    expect_eq(store.log().read_all().size(), 4u);
    store.log().append("k", "after");
    store.close();
    store.expect_clean();
  });
  s.test("refuses such a page of the same boot, which the page cache has whole", [] {
    StoreFixture store(committing());
    store.open();
    append_kilobytes(store, 4);
    const std::uint64_t before = 2 * kKiB;
    store.log().crash();
    store.write(store.file("ctl"), offsetof(ControlPage, committed), bytes_of(before));
    store.expect_damage(store.file("ctl"), "the durable mark lies above the commit mark");
    expect_error(store.log().open(), Errc::kCorrupt);
  });
  s.test("shows what was committed to whoever opens the log in another mode", [] {
    StoreFixture store(committing());
    store.open();
    append_kilobytes(store, 3);
    const std::uint64_t lost = 0;
    lose_power(store);
    // The marks of the page were not written back; those of commits never have to be.
    store.write(store.file("ctl"), offsetof(ControlPage, durable), bytes_of(lost));
    store.write(store.file("ctl"), offsetof(ControlPage, indexed), bytes_of(lost));
    LogFixture other(store.env().shared_from_this(), store.folder(), manual_sync());
    expect_ok(other.open());
    expect_eq(other.read_all().size(), 3u);
    other.crash();
  });
  s.test("tells readers of a sealed log where its segments are", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_kilobytes(store, 3);
    take(store.log()->seal({2'000}));
    store.log().drain();
    lose_power(store);
    const std::uint64_t lost = 0;
    for (const std::size_t word : {offsetof(ControlPage, durable), offsetof(ControlPage, indexed),
                                   offsetof(ControlPage, active_segment)}) {
      store.write(store.file("ctl"), word, bytes_of(lost));
    }
    store.open();
    expect(take(store.log()->stats()).sealed);
    store.close();
    store.expect_no_damage();
    Background background;
    expect_eq(take(follower_of(store, background).stats()).next.value, 5u);
  });
  s.test("lets readers be, whatever lies behind the durable mark", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_kilobytes(store, 3);
    take(store.log()->flush());
    append_kilobytes(store, 1'100);  // rolls
    expect_ge(store.segment_count(), 2u);
    const std::string torn = store.segment(1);
    std::uint64_t durable = 3 * 1'024;
    lose_power(store);
    store.write(store.file("ctl"), offsetof(ControlPage, durable), bytes_of(durable));
    store.write(store.file("ctl"), offsetof(ControlPage, indexed), bytes_of(durable));
    zero(store, torn, 0, 512);
    Background background;
    expect_eq(take(follower_of(store, background).stats()).next.value, 4u);
  });
  s.test("syncs the name of a segment that an earlier process began and died", [] {
    const auto memory = std::make_shared<EnvMemory>();
    const auto recording = std::make_shared<EnvRecording>(*memory);
    LogFixture log(recording, "log", manual_sync());
    expect_ok(log.open());
    log.append("k", "v");
    log.crash();
    // It had no frame yet.
    const std::vector<std::byte> zeros(64);
    {
      File file = take(File::open(*memory, "log/00000000000000000001.seg", OpenMode::kReadWrite));
      take(file.write_all(zeros, FileOffset{data_offset_for(kSegmentDataMin)}));
      File page = take(File::open(*memory, "log/ctl", OpenMode::kReadWrite));
      take(page.write_all(Bytes(zeros).first(8), FileOffset{offsetof(ControlPage, committed)}));
    }
    (void)recording->take_calls();
    expect_ok(log.open());
    log.append("k", "again");
    expect_ok(log->flush());
    const std::vector<RecordedCall> calls = recording->take_calls();
    expect(std::ranges::any_of(calls, [](const RecordedCall& call) {
      return call.kind == RecordedCall::Kind::kSyncDirectory && call.path == "log";
    }));
  });
  s.test("syncs the index that an earlier process wrote beside its commits and died", [] {
    const auto memory = std::make_shared<EnvMemory>();
    const auto recording = std::make_shared<EnvRecording>(*memory);
    LogFixture log(recording, "log", committing());
    expect_ok(log.open());
    // The slots of the second cell on are written, and only frames are synced.
    for (int i = 0; i < 100; ++i) log.append("k", std::string(30'000, 'x'));
    const std::vector<std::string> names = take(list_segment_names(*memory, "log"));
    expect_ge(names.size(), 2u);
    log.crash();
    (void)recording->take_calls();
    expect_ok(log.open());
    expect_ok(log->flush());
    std::set<RecordedFile> synced;
    for (const RecordedCall& call : recording->take_calls()) {
      const bool whole = call.kind == RecordedCall::Kind::kSyncData && call.length == 0;
      if (whole && !call.path.ends_with("ctl")) synced.insert(call.file);
    }
    expect_eq(synced.size(), names.size());
    expect_eq(take(read_control(*memory, "log")).words.indexed.bytes, take(log->stats()).bytes);
  });
  s.test("closes a log whose index an earlier process left unsynced, though nothing came", [] {
    const auto memory = std::make_shared<EnvMemory>();
    const auto faulting = std::make_shared<EnvFaulting>(*memory);
    LogFixture log(faulting, "log", committing());
    expect_ok(log.open());
    log.append("k", std::string(600'000, 'x'));
    log.crash();
    expect_ok(log.open());
    faulting->plan(
        {.call = EnvCall::kReserve, .sys_errno = ENOSPC, .repeat = Fault::Repeat::kForever});
    const BatchBuilder batch = BatchBuilder().add("k", std::string(600'000, 'x'));
    double out[1];
    expect_error(log->append(batch.packed(), {out, out}), Errc::kNoSpace);
    faulting->clear();
    expect_ok(log->close());
    log.crash();
    expect_ok(log.open());
    expect_eq(log.read_all().size(), 1u);
  });
  s.test("syncs the names of a log that an earlier process made and died", [] {
    const auto memory = std::make_shared<EnvMemory>();
    const auto recording = std::make_shared<EnvRecording>(*memory);
    take(memory->make_directory("logs"));
    take(memory->make_directory("logs/log"));
    take(ControlFile::create(*memory, "logs/log", some_identity(), false));
    LogFixture log(recording, "logs/log", manual_sync());
    expect_ok(log.open());
    log.append("k", "v");
    std::string folders;  // that were synced before it was answered
    for (const RecordedCall& call : recording->take_calls()) {
      if (call.kind == RecordedCall::Kind::kSyncDirectory) folders += call.path + " ";
    }
    expect_eq(folders, std::string("logs/log logs "));
  });
  s.test("finds no damage in a first segment that a crash left without content", [] {
    StoreFixture store(manual_sync());
    store.open();
    append_kilobytes(store, 1);
    const std::string path = store.segment(0);
    lose_power(store);
    zero(store, path, 0, 16 * kKiB);
    store.expect_no_damage();
    store.open();
    expect_eq(store.log().read_all().size(), 0u);
  });
});

}  // namespace
}  // namespace millrace::test
