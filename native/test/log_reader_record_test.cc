#include <cstring>

#include "core/env_memory.h"
#include "test/log_fixture.h"
#include "test/random.h"

namespace millrace::test {
namespace {

// One record by its number; nullopt when there is none.
std::optional<ReadRecord> record_at(ShardLog& log, std::uint64_t sequence, bool resident_only) {
  std::vector<std::byte> bytes(256 * kKiB);
  std::array<std::uint32_t, column::kStride> words{};
  double offset = 0;
  double arrival = 0;
  if (!take(
          log.read_record({sequence}, resident_only, {bytes, words, {&offset, 1}, {&arrival, 1}})))
    return std::nullopt;
  const auto text = [&](std::size_t at, std::size_t size) {
    return std::string(reinterpret_cast<const char*>(bytes.data()) + words[at], words[size]);
  };
  return ReadRecord{static_cast<std::uint64_t>(offset), static_cast<std::int64_t>(arrival),
                    text(column::kKeyAt, column::kKeyBytes),
                    text(column::kDataAt, column::kDataBytes)};
}

// Every record that a scan finds is found by its number, and nothing else is.
void expect_all_found(LogFixture& log) {
  const std::vector<ReadRecord> all = log.read_all();
  for (const bool resident_only : {false, true}) {
    for (const ReadRecord& record : all) {
      const std::optional<ReadRecord> found = record_at(log.log(), record.sequence, resident_only);
      if (!found || !(*found == record)) return fail("record " + std::to_string(record.sequence));
    }
    for (const std::uint64_t past : {std::uint64_t{0}, all.size() + 1, all.size() + 100'000}) {
      expect_eq(record_at(log.log(), past, resident_only).has_value(), false);
    }
  }
}

const Suite log_reader_record_tests("log_reader_record", [](Suite& s) {
  s.test("finds every record, whatever the sizes, over several segments", [] {
    LogFixture log(std::make_shared<EnvMemory>(), "/log");
    expect_ok(log.open());
    // Sizes that come in runs, so that the average of a segment says little about its parts.
    for (std::uint64_t n = 0; n < 400; ++n) {
      BatchBuilder batch;
      const std::size_t size = n % 40 < 30 ? 20 : 3'000 + n * 40;
      for (std::uint64_t i = 0; i < 10; ++i) batch.add("key", std::string(size + i, 'x'));
      log.append(batch);
    }
    expect_eq(take(log->stats()).segments > 1, true);
    expect_all_found(log);
  });

  s.test("is not led astray by payloads that look like frames", [] {
    LogFixture log(std::make_shared<EnvMemory>(), "/log");
    expect_ok(log.open());
    // Whole frames with the numbers of records to come, at every place where one could be guessed.
    std::string forged;
    for (std::uint64_t n = 0; n < 30; ++n) {
      FrameHeader header{};
      header.length = 64;
      header.sequence = n + 2;
      header.type = static_cast<std::uint8_t>(FrameType::kData);
      std::string frame(64, '\0');
      std::memcpy(frame.data(), &header, sizeof(header));
      forged += frame;
    }
    for (int n = 0; n < 300; ++n) log.append("key", n % 2 == 0 ? forged : std::string(40, 'y'));
    expect_all_found(log);
  });
});

}  // namespace
}  // namespace millrace::test
