#include "core/recovery.h"

#include <string>

#include "core/env_forwarding.h"
#include "core/env_memory.h"
#include "core/file.h"
#include "core/paths.h"
#include "core/time_index.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

// The same files after the machine came up again.
class RebootedEnv final : public EnvForwarding {
 public:
  explicit RebootedEnv(std::shared_ptr<Env> base) : EnvForwarding(*base), base_(std::move(base)) {}
  Result<std::string> boot_id() override {
    return std::string(16, static_cast<char>('a' + boots_));
  }
  void reboot() { ++boots_; }

 private:
  std::shared_ptr<Env> base_;
  int boots_ = 0;
};

// Syncs only when told to.
LogOptions manual_sync() {
  LogOptions options;
  options.checkpoint_ms = 1'000'000;
  options.checkpoint_bytes = 1024 * kMiB;
  options.backlog_bytes = 2048 * kMiB;
  return options;
}

// A log whose machine can lose power: what was not flushed may be damaged before it comes back.
struct Machine {
  std::shared_ptr<RebootedEnv> env = std::make_shared<RebootedEnv>(std::make_shared<EnvMemory>());
  LogFixture log;

  explicit Machine(const LogOptions& options = manual_sync()) : log(env, "log", options) {
    expect_ok(log.open());
  }
  // Loses power; `damage` does to the files what the disk did.
  void lose_power(const std::function<void()>& damage = [] {}) {
    log.crash();
    damage();
    env->reboot();
  }
  // The next process opens the log; the rest of the test needs that.
  void come_up() {
    if (Result<void> opened = log.open(); !opened) stop(opened.error().message);
  }
  std::string segment(std::size_t index = 0) {
    return join_path("log", take(list_segment_names(*env, "log")).at(index));
  }
  // The marks of the control page as they are on the disk now.
  std::vector<std::byte> marks() {
    std::vector<std::byte> words(16);
    File file = take(File::open(*env, "log/ctl", OpenMode::kRead));
    take(file.read_exactly(words, FileOffset{offsetof(ControlPage, durable)}));
    return words;
  }
  // Later syncs never happened.
  void restore_marks(const std::vector<std::byte>& words) {
    File file = take(File::open(*env, "log/ctl", OpenMode::kReadWrite));
    take(file.write_all(words, FileOffset{offsetof(ControlPage, durable)}));
  }
  void zero(const std::string& path, std::uint64_t at, std::size_t bytes) {
    File file = take(File::open(*env, path, OpenMode::kReadWrite));
    take(file.write_all(std::vector<std::byte>(bytes), FileOffset{at}));
  }
};

// Where the frame with this sequence number starts, for damage.
std::uint64_t frame_offset(Machine& machine, const std::string& path, std::uint64_t sequence) {
  const Segment segment = take(read_segment(*machine.env, path, machine.log.identity()));
  File file = take(File::open(*machine.env, path, OpenMode::kRead));
  std::vector<std::byte> bytes(segment.header.file_bytes);
  take(file.read_exactly(bytes, FileOffset{0}));
  std::uint64_t at = segment.header.data_offset;
  while (load<FrameHeader>(bytes.data() + at).sequence != sequence) {
    at += frame_stride(load<FrameHeader>(bytes.data() + at).length);
  }
  return at;
}

void append_numbers(LogFixture& log, int first, int count, std::size_t bytes = 200) {
  for (int i = first; i < first + count; ++i) {
    log.append("k", std::to_string(i) + std::string(bytes, '.'), 1'000 + i);
  }
}

const Suite recovery_tests("recovery", [](Suite& s) {
  s.test("keeps what survived a power loss, and never uses a lost number again", [] {
    Machine machine;
    append_numbers(machine.log, 1, 10);
    expect_ok(machine.log->flush());
    append_numbers(machine.log, 11, 10);
    machine.lose_power();
    machine.come_up();
    expect(machine.log->recovery().last_end == LastEnd::kSystemDied);
    expect_eq(machine.log.read_all().size(), 20u);
    const std::uint64_t next = machine.log.append("k", "after");
    expect_ge(next, std::uint64_t{1} << 26);
    expect_eq(machine.log.read_all().size(), 21u);
    machine.log.reopen();
    expect_eq(machine.log.read_all().back().sequence, next);
  });
  s.test("begins anew where the names of all segments but the first were kept", [] {
    Machine machine;
    machine.log.append("k", std::string(2 * kMiB, 'x'));
    machine.log.append("k", std::string(8 * kMiB, 'y'));
    expect_eq(take(list_segment_names(*machine.env, "log")).size(), 2u);
    machine.lose_power([&] { take(machine.env->unlink(machine.segment(0))); });
    machine.come_up();
    expect_eq(machine.log.read_all().size(), 0u);
    expect_ge(machine.log.append("k", "after"), std::uint64_t{3});
    machine.log.reopen();
    expect_eq(machine.log.read_all().size(), 1u);
  });
  s.test("begins anew where nothing is left of a log that was trimmed and never synced", [] {
    LogOptions options = manual_sync();
    options.sync = false;
    for (const bool keeps_later : {false, true}) {
      Machine machine(options);
      for (int i = 0; i < 10; ++i) machine.log.append("k", std::string(3 * kMiB, 'x'));
      const std::uint64_t last = machine.log.append("k", "y");
      const std::vector<std::string> all = take(list_segment_names(*machine.env, "log"));
      expect_ge(all.size(), 3u);
      expect_ok(machine.log->trim({last}));
      machine.log.drain();
      machine.lose_power([&] {
        const std::vector<std::string> kept = take(list_segment_names(*machine.env, "log"));
        for (std::size_t i = 0; i < kept.size(); ++i) {
          if (keeps_later && i + 1 == kept.size()) break;
          take(machine.env->unlink(join_path("log", kept[i])));
        }
      });
      machine.come_up();
      expect_ge(machine.log.append("k", "after"), last);
      machine.log.reopen();
      expect_eq(machine.log.read_all(last).back().payload, std::string("after"));
    }
  });
  s.test("goes on where all that was durable is trimmed by a writer that never syncs", [] {
    LogOptions never = manual_sync();
    never.sync = false;
    for (const std::size_t kept_segments : {0u, 1u}) {
      Machine machine;
      machine.log.append("k", "durable");
      machine.log.reopen(never);
      for (int i = 0; i < 10; ++i) machine.log.append("k", std::string(3 * kMiB, 'x'));
      const std::uint64_t last = machine.log.append("k", "y");
      expect_ok(machine.log->trim({last}));
      machine.log.drain();
      machine.lose_power([&] {
        const std::vector<std::string> names = take(list_segment_names(*machine.env, "log"));
        for (std::size_t i = kept_segments; i < names.size(); ++i) {
          take(machine.env->unlink(join_path("log", names[i])));
        }
      });
      machine.come_up();
      expect_ge(machine.log.append("k", "after"), last);
      machine.log.reopen();
      expect_eq(machine.log.read_all(last).back().payload, std::string("after"));
    }
  });
  s.test("begins a segment for the gap where the last one has no room for it", [] {
    Machine machine;
    // One record that leaves room for a pad frame alone.
    const std::size_t frame_bytes = kSegmentDataMin - kFrameHeaderBytes;
    machine.log.append("k", std::string(frame_bytes - payload_offset(1, false), '.'));
    expect_eq(take(list_segment_names(*machine.env, "log")).size(), 1u);
    machine.lose_power();
    machine.come_up();
    const std::uint64_t next = machine.log.append("k", "after");
    expect_ge(next, std::uint64_t{1} << 26);
    expect_eq(take(list_segment_names(*machine.env, "log")).size(), 2u);
    machine.log.reopen();
    const std::vector<ReadRecord> records = machine.log.read_all();
    expect_eq(records.size(), 2u);
    expect_eq(records.back().sequence, next);
  });
  s.test("never uses a number again when nothing at all survived", [] {
    Machine machine;
    append_numbers(machine.log, 1, 10);
    const std::string path = machine.segment();
    machine.lose_power([&] { take(machine.env->unlink(path)); });
    machine.come_up();
    expect_eq(machine.log.read_all().size(), 0u);
    expect_ge(machine.log.append("k", "after"), std::uint64_t{1} << 26);
    expect_eq(machine.log.read_all().size(), 1u);
  });
  s.test("knows what is next although the frame at the durable mark is lost and its slot is not",
         [] {
           Machine machine;
           machine.log.append("k", std::string(20'000, '.'));
           expect_ok(machine.log->flush());
           machine.log.append("k", "the first of its cell");
           const std::string path = machine.segment();
           const std::uint64_t at = frame_offset(machine, path, 2);
           machine.lose_power([&] { machine.zero(path, at, 64); });
           machine.come_up();
           expect_eq(machine.log.read_all().size(), 1u);
           const std::uint64_t next = machine.log.append("k", "after");
           expect_ge(next, std::uint64_t{1} << 26);
           machine.log.crash();
           machine.come_up();
           const std::vector<ReadRecord> records = machine.log.read_all();
           expect_eq(records.size(), 2u);
           expect_eq(records.back().sequence, next);
         });
  s.test("cuts a torn tail to a prefix and reports what it cut", [] {
    Machine machine;
    append_numbers(machine.log, 1, 100);
    expect_ok(machine.log->flush());
    append_numbers(machine.log, 101, 400);
    const std::string path = machine.segment();
    const std::uint64_t torn = frame_offset(machine, path, 251);
    machine.lose_power([&] { machine.zero(path, torn + 64, 8); });
    machine.come_up();
    const std::vector<ReadRecord> left = machine.log.read_all();
    expect_eq(left.size(), 250u);
    expect_eq(left.back().sequence, 250u);
    expect_ge(machine.log->recovery().cut_frames, 100u);
  });
  s.test("goes on behind a durable frame that fills its cell of the index", [] {
    Machine machine;
    machine.log.append("k", std::string(kGridBytes - payload_offset(1, false), '.'));
    expect_ok(machine.log->flush());
    machine.log.append("k", "torn");
    const std::string path = machine.segment();
    const std::uint64_t torn = frame_offset(machine, path, 2);
    machine.lose_power([&] { machine.zero(path, torn, 40); });
    machine.come_up();
    expect_eq(machine.log.read_all().size(), 1u);
    machine.log.append("k", "after");
    expect_eq(machine.log.read_all().size(), 2u);
    machine.log.reopen();
    expect_eq(machine.log.read_all().size(), 2u);
  });
  s.test("gives the same answer when it is interrupted and done again", [] {
    Machine machine;
    append_numbers(machine.log, 1, 300);
    const std::string path = machine.segment();
    const std::uint64_t torn = frame_offset(machine, path, 150);
    machine.lose_power([&] { machine.zero(path, torn, 8); });
    for (int round = 0; round < 3; ++round) {
      machine.come_up();
      expect_eq(machine.log.read_all().size(), 149u);
      machine.lose_power();
    }
  });
  s.test("does not bring back frames from before an earlier cut", [] {
    Machine machine;
    append_numbers(machine.log, 1, 9);
    expect_ok(machine.log->flush());
    append_numbers(machine.log, 10, 1);   // will be torn
    append_numbers(machine.log, 11, 50);  // whole, but behind the tear
    const std::string path = machine.segment();
    const std::uint64_t torn = frame_offset(machine, path, 10);
    machine.lose_power([&] { machine.zero(path, torn + 40, 8); });
    machine.come_up();
    expect_eq(machine.log.read_all().size(), 9u);
    // A gap frame and one record, of such sizes that an old frame follows the new bytes exactly.
    const std::string small(200 + 2 - 32 - 8, '.');
    machine.log.append("k", small, 5'000);
    machine.lose_power();
    machine.come_up();
    const std::vector<ReadRecord> left = machine.log.read_all();
    expect_eq(left.size(), 10u);
    expect_eq(left.back().payload, small);
  });
  s.test("refuses a log whose durable frames are damaged, and changes nothing", [] {
    Machine machine;
    append_numbers(machine.log, 1, 100);
    expect_ok(machine.log->flush());
    append_numbers(machine.log, 101, 5);
    const std::string path = machine.segment();
    const std::uint64_t at = frame_offset(machine, path, 100);
    machine.lose_power([&] { machine.zero(path, at + 32, 8); });
    expect_error(machine.log.open(), Errc::kCorrupt);
    expect_error(machine.log.open(), Errc::kCorrupt);
  });
  s.test("refuses a tail that the death of a process cannot have damaged", [] {
    Machine machine;
    append_numbers(machine.log, 1, 100);
    const std::string path = machine.segment();
    const std::uint64_t at = frame_offset(machine, path, 99);
    machine.log.crash();
    machine.zero(path, at + 32, 8);
    expect_error(machine.log.open(), Errc::kCorrupt);
  });
  s.test("rebuilds the index of what survived, and clears it of what did not", [] {
    Machine machine;
    append_numbers(machine.log, 1, 2'000);  // 30 cells
    const std::string path = machine.segment();
    const std::uint64_t torn = frame_offset(machine, path, 1'500);
    machine.lose_power([&] {
      machine.zero(path, kIndexOffset + 3 * sizeof(IndexSlot), 5 * sizeof(IndexSlot));
      machine.zero(path, torn, 8);
    });
    machine.come_up();
    const Segment segment = take(read_segment(*machine.env, path, machine.log.identity()));
    File file = take(File::open(*machine.env, path, OpenMode::kRead));
    std::vector<std::byte> bytes(segment.header.file_bytes);
    take(file.read_exactly(bytes, FileOffset{0}));
    const TimeIndex index(bytes, segment.header);
    for (std::size_t cell = 1; cell < segment.header.index_slots; ++cell) {
      const Case round("cell", cell);
      const std::uint64_t start = segment.header.data_offset + cell * kGridBytes;
      expect_eq(index.sane_slot(cell).offset != 0, start < torn);
    }
    for (std::uint64_t from = 1; from < 1'500; from += 37) {
      Page page;
      expect_eq(take(read_page(machine.log.log(), from, 1, 4'096, page)).at(0).sequence, from);
    }
  });
  s.test("sets segments behind a tear aside", [] {
    Machine machine;
    append_numbers(machine.log, 1, 300);
    expect_ok(machine.log->flush());
    const std::vector<std::byte> marks = machine.marks();
    append_numbers(machine.log, 301, 12'000);
    expect_ge(take(list_segment_names(*machine.env, "log")).size(), 2u);
    const std::string path = machine.segment();
    const std::uint64_t torn = frame_offset(machine, path, 1'000);
    machine.lose_power([&] {
      machine.restore_marks(marks);
      machine.zero(path, torn, 8);
    });
    machine.come_up();
    expect_eq(machine.log.read_all().size(), 999u);
    expect_ge(machine.log->recovery().set_aside_segments, 1u);
    expect_eq(take(list_segment_names(*machine.env, "log")).size(), 1u);
    machine.log.append("k", "after", 90'000);
    machine.log.reopen();
    expect_eq(machine.log.read_all().size(), 1'000u);
  });
  s.test("sets a segment without a header aside when the system died", [] {
    Machine machine;
    append_numbers(machine.log, 1, 10);
    expect_ok(machine.log->flush());
    const std::vector<std::byte> marks = machine.marks();
    append_numbers(machine.log, 11, 6'000);
    const std::size_t segments = take(list_segment_names(*machine.env, "log")).size();
    expect_ge(segments, 2u);
    const std::string last = machine.segment(segments - 1);
    machine.lose_power([&] {
      machine.restore_marks(marks);
      machine.zero(last, 0, 512);
    });
    machine.come_up();
    const std::vector<ReadRecord> left = machine.log.read_all();
    expect_ge(left.size(), 1'000u);
    expect_eq(left.back().sequence, left.size());
  });
  s.test("scans no more than what was not durable", [] {
    Machine machine;
    append_numbers(machine.log, 1, 20'000);
    expect_ok(machine.log->flush());
    append_numbers(machine.log, 20'001, 100);
    machine.lose_power();
    machine.come_up();
    expect_eq(machine.log.read_all().size(), 20'100u);
    expect_le(machine.log->recovery().scanned_bytes, 100u * 260 + kGridBytes);
  });
  s.test("reads a log that was never synced, and was trimmed, from its first segment on", [] {
    LogOptions options;
    options.sync = false;
    const auto env = std::make_shared<RebootedEnv>(std::make_shared<EnvMemory>());
    LogFixture log(env, "log", options);
    expect_ok(log.open());
    append_numbers(log, 1, 20'000);
    expect_ok(log->trim({15'000}));
    log.drain();
    log.crash();
    env->reboot();
    if (Result<void> opened = log.open(); !opened) stop(opened.error().message);
    expect(log->recovery().last_end == LastEnd::kSystemDied);
    expect_eq(log.read_all(15'000).size(), 5'001u);
    log.append("k", "after", 90'000);
    log.reopen();
    expect_eq(log.read_all(15'000).size(), 5'002u);
  });
  s.test("names a missing segment", [] {
    Machine machine;
    append_numbers(machine.log, 1, 60'000);
    const std::size_t segments = take(list_segment_names(*machine.env, "log")).size();
    expect_ge(segments, 3u);
    const std::string middle = machine.segment(1);
    expect_ok(machine.log->close());
    machine.log.crash();
    take(machine.env->unlink(middle));
    expect_error(machine.log.open(), Errc::kCorrupt);
  });
});

}  // namespace
}  // namespace millrace::test
