#include "core/shard_log.h"

#include <future>
#include <span>
#include <string>
#include <thread>

#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/env_recording.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

std::string payload_of(std::uint64_t i, std::size_t bytes) {
  std::string text = std::to_string(i) + ":";
  while (text.size() < bytes) text.push_back(static_cast<char>('a' + (i + text.size()) % 26));
  return text;
}

// Appends `count` records of about `bytes`, `per_batch` at a time; arrival i is 1000 + i.
void append_many(LogFixture& fixture, std::uint64_t count, std::size_t bytes,
                 std::uint64_t first = 0, std::uint64_t per_batch = 37) {
  for (std::uint64_t i = first; i < first + count;) {
    BatchBuilder batch;
    batch.at(static_cast<std::int64_t>(1'000 + i));
    for (std::uint64_t j = 0; j < per_batch && i < first + count; ++j, ++i) {
      batch.add("key-" + std::to_string(i), payload_of(i, bytes));
    }
    fixture.append(batch);
  }
}

void expect_many(LogFixture& fixture, std::uint64_t count, std::size_t bytes) {
  const std::vector<ReadRecord> records = fixture.read_all();
  if (!expect_eq(records.size(), count)) return;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Case round("record", i);
    if (!expect(records[i].payload == payload_of(i, bytes))) return;
    if (!expect(records[i].key == "key-" + std::to_string(i))) return;
  }
}

FrameContent content_of(const std::string& key, const std::string& payload) {
  return {.type = FrameType::kData,
          .flags = 0,
          .key = std::as_bytes(std::span(key)),
          .hash_key = nullptr,
          .payload = std::as_bytes(std::span(payload))};
}

struct Place {
  std::shared_ptr<Env> env;
  ScratchDirectory scratch;
  std::string directory;
};

void in_files_and_memory(const std::function<void(std::shared_ptr<Env>, std::string)>& body) {
  const ScratchDirectory scratch;
  body(std::make_shared<EnvPosix>(), scratch.path("log"));
  body(std::make_shared<EnvMemory>(), "log");
}

const Suite shard_log_tests("shard_log", [](Suite& s) {
  s.test("has no files before its first record", [] {
    in_files_and_memory([](std::shared_ptr<Env> env, const std::string& directory) {
      LogFixture fixture(env, directory);
      expect_ok(fixture.open());
      expect_eq(fixture.read_all().size(), 0u);
      expect_ok(fixture->flush());
      expect_ok(fixture->close());
      expect_eq(*env->exists(directory), false);
    });
  });
  s.test("returns what was appended, in order, across segments and reopening", [] {
    in_files_and_memory([](std::shared_ptr<Env> env, const std::string& directory) {
      LogFixture fixture(env, directory);
      expect_ok(fixture.open());
      append_many(fixture, 9'000, 700);
      expect_many(fixture, 9'000, 700);
      expect_ge(take(fixture->stats()).segments, 2u);
      fixture.reopen();
      expect_many(fixture, 9'000, 700);
      append_many(fixture, 3'000, 700, 9'000);
      expect_many(fixture, 12'000, 700);
    });
  });
  s.test("keeps everything when the process dies", [] {
    in_files_and_memory([](std::shared_ptr<Env> env, const std::string& directory) {
      LogFixture fixture(env, directory);
      expect_ok(fixture.open());
      for (std::uint64_t round = 0; round < 5; ++round) {
        append_many(fixture, 2'000, 900, round * 2'000);
        fixture.crash();
        if (!expect_ok(fixture.open())) return;
        expect_eq(fixture->recovery().last_end == LastEnd::kProcessDied, true);
        expect_many(fixture, (round + 1) * 2'000, 900);
      }
    });
  });
  s.test("reads from every offset and finds every time as a scan would", [] {
    in_files_and_memory([](std::shared_ptr<Env> env, const std::string& directory) {
      LogFixture fixture(env, directory);
      expect_ok(fixture.open());
      append_many(fixture, 4'000, 500);
      const std::vector<ReadRecord> all = fixture.read_all();
      for (std::uint64_t from = 1; from <= 4'000; from += 61) {
        Page page;
        const auto records = take(read_page(fixture.log(), from, 3, 4'096, page));
        if (!expect(!records.empty() && records[0].sequence == from)) return;
      }
      for (std::int64_t at = 900; at < 5'200; at += 13) {
        std::uint64_t expected = 4'001;
        for (const ReadRecord& record : all) {
          if (record.arrival_ms >= at) {
            expected = record.sequence;
            break;
          }
        }
        const Case round("time", static_cast<std::uint64_t>(at));
        if (!expect_eq(take(fixture->seek({at})).value, expected)) return;
      }
    });
  });
  s.test("appends single records from anywhere among batches", [] {
    in_files_and_memory([](std::shared_ptr<Env> env, const std::string& directory) {
      LogFixture fixture(env, directory);
      expect_ok(fixture.open());
      std::uint64_t next = 0;
      const auto append_one = [&](std::int64_t at_ms) {
        const std::string key = "key-" + std::to_string(next);
        const std::string payload = payload_of(next, 700);
        const AppendedRecord record = take(fixture->append_one(content_of(key, payload), {at_ms}));
        expect_eq(record.sequence.value, ++next);
        return record.arrival.ms;
      };
      while (next < 3'000) {
        append_many(fixture, 5, 700, next);
        next += 5;
        const auto now = static_cast<std::int64_t>(1'000 + next);
        expect_eq(append_one(now), now);
        expect_eq(append_one(now - 500), now);  // never earlier than the last one
      }
      expect_ge(take(fixture->stats()).segments, 2u);
      expect_many(fixture, next, 700);
      fixture.crash();
      if (!expect_ok(fixture.open())) return;
      append_one(100'000);
      expect_many(fixture, next, 700);
      const std::string large(10 * kMiB + kKeyBytesMax, 'x');
      expect_error(fixture->append_one(content_of("k", large), {0}), Errc::kTooLarge);
      expect_ok(fixture->seal({200'000}));
      expect_error(fixture->append_one(content_of("k", "d"), {0}), Errc::kSealed);
      expect_ok(fixture->close());
      expect_error(fixture->append_one(content_of("k", "d"), {0}), Errc::kClosed);
    });
  });
  s.test("appends no single record where that waits for the disk", [] {
    LogFixture fixture(std::make_shared<EnvMemory>(), "log", {.written = true});
    expect_ok(fixture.open());
    expect_error(fixture->append_one(content_of("k", "d"), {0}), Errc::kUnsupported);
    expect_eq(fixture.read_all().size(), 0u);
  });
  s.test("stores a record of 10 MiB in a segment of its size", [] {
    in_files_and_memory([](std::shared_ptr<Env> env, const std::string& directory) {
      LogFixture fixture(env, directory);
      expect_ok(fixture.open());
      fixture.append("small", "one");
      const std::string large(10 * kMiB, 'x');
      fixture.append("large", large);
      fixture.append("small", "two");
      const std::vector<ReadRecord> records = fixture.read_all();
      expect_eq(records.size(), 3u);
      expect(records[1].payload == large);
      fixture.reopen();
      expect_eq(fixture.read_all().size(), 3u);
    });
  });
  s.test("trims at once and for good, and frees whole segments", [] {
    in_files_and_memory([](std::shared_ptr<Env> env, const std::string& directory) {
      LogFixture fixture(env, directory);
      expect_ok(fixture.open());
      append_many(fixture, 9'000, 700);
      expect_ok(fixture->trim({7'000}));
      Page page;
      expect_error(read_page(fixture.log(), 6'999, 1, 4'096, page), Errc::kTrimmed);
      expect_eq(take(read_page(fixture.log(), 7'000, 1, 4'096, page)).at(0).sequence, 7'000u);
      expect_ok(fixture->trim({5}));
      expect_eq(take(fixture->stats()).first.value, 7'000u);
      fixture.drain();
      const std::size_t segments = take(fixture->stats()).segments;
      expect_eq(take(list_segment_names(*env, directory)).size(), segments);
      fixture.reopen();
      expect_eq(take(fixture->stats()).first.value, 7'000u);
      expect_eq(fixture.read_all(7'000).size(), 2'001u);
    });
  });
  s.test("has removed what was trimmed when it is closed, and removes nothing behind that", [] {
    in_files_and_memory([](std::shared_ptr<Env> env, const std::string& directory) {
      for (const bool close : {true, false}) {
        const Case round("closes", close ? 1 : 0);
        const std::string path = directory + (close ? "-closed" : "-dead");
        LogFixture fixture(env, path);
        expect_ok(fixture.open());
        append_many(fixture, 9'000, 700);
        const std::size_t before = take(list_segment_names(*env, path)).size();
        std::promise<void> gate;
        fixture.background().post(Background::Lane::kSync, [&] { gate.get_future().wait(); });
        expect_ok(fixture->trim({7'000}));
        if (close) {
          expect_ok(fixture->close());
        } else {
          fixture.let_go();
        }
        const std::size_t left = take(list_segment_names(*env, path)).size();
        if (close) {
          expect(left < before);
        } else {
          expect_eq(left, before);
        }
        gate.set_value();
        fixture.drain();
        expect_eq(take(list_segment_names(*env, path)).size(), left);
        expect_ok(fixture.open());
        expect_eq(take(fixture->stats()).first.value, 7'000u);
        expect_eq(fixture.read_all(7'000).size(), 2'001u);
      }
    });
  });
  s.test("leaves the next segment alone once it is let go of", [] {
    in_files_and_memory([](std::shared_ptr<Env> env, const std::string& directory) {
      LogFixture fixture(env, directory);
      expect_ok(fixture.open());
      std::promise<void> gate;
      fixture.background().post(Background::Lane::kPages, [&] { gate.get_future().wait(); });
      append_many(fixture, 1'000, 700);  // more than half of the first segment: the next is wanted
      std::thread opener([&] { gate.set_value(); });
      fixture.let_go();
      opener.join();
      // What was asked for is done, so that nothing comes between the two of the same name.
      expect_eq(*env->exists(directory + "/next.tmp"), true);
      expect_ok(fixture.open());
      append_many(fixture, 3'000, 700, 1'000);
      expect_many(fixture, 4'000, 700);
    });
  });
  s.test("is sealed for good", [] {
    in_files_and_memory([](std::shared_ptr<Env> env, const std::string& directory) {
      LogFixture fixture(env, directory);
      expect_ok(fixture.open());
      append_many(fixture, 100, 100);
      expect_eq(take(fixture->seal({2'000})).value, 101u);
      expect_eq(take(fixture->seal({3'000})).value, 101u);
      const BatchBuilder late = BatchBuilder().add("k", "v");
      std::vector<double> out(1);
      expect_error(fixture->append(late.packed(), {out, out}), Errc::kSealed);
      fixture.reopen();
      expect_eq(take(fixture->seal({3'000})).value, 101u);
      expect_error(fixture->append(late.packed(), {out, out}), Errc::kSealed);
      Page page;
      (void)take(read_page(fixture.log(), 101, 1, 4'096, page));
      expect(page.ended);
      expect_eq(fixture.read_all().size(), 100u);
    });
  });
  s.test("puts its page on the disk before a writer that begins changes a segment", [] {
    EnvMemory memory;
    const auto env = std::make_shared<EnvRecording>(memory);
    LogFixture fixture(env, "log");
    expect_ok(fixture.open());
    append_many(fixture, 10, 100);
    fixture.crash();
    expect_ok(fixture.open());
    (void)env->take_calls();
    fixture.append("k", "after", 90'000);
    using Kind = RecordedCall::Kind;
    bool page_is_synced = false;
    std::size_t changes = 0;
    for (const RecordedCall& call : env->take_calls()) {
      // Files are called by the names that they were created under.
      const bool of_page = call.path.starts_with("log/ctl");
      if (of_page && call.kind == Kind::kSyncData) page_is_synced = true;
      if (of_page || call.path.starts_with("log/wake")) continue;
      // What the writer before left unsynced waits for a checkpoint.
      expect(call.kind != Kind::kSyncData);
      expect(page_is_synced);
      ++changes;
    }
    expect_ge(changes, 1u);
  });
  s.test("refuses a batch whose columns lie, and stores nothing of it", [] {
    LogFixture fixture(std::make_shared<EnvMemory>(), "log");
    expect_ok(fixture.open());
    for (std::size_t word = 0; word < column::kStride; ++word) {
      BatchBuilder batch = BatchBuilder().add("a", "1").add("b", "2");
      batch.columns()[column::kStride + word] = 0x7fff'ffff;
      std::vector<double> out(2);
      expect_error(fixture->append(batch.packed(), {out, out}), Errc::kTooLarge);
    }
    expect_eq(fixture.read_all().size(), 0u);
  });
});

}  // namespace
}  // namespace millrace::test
