#include "test/repair_fixture.h"

namespace millrace::test {

void append_numbers(LogFixture& log, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = first; i < first + count; ++i) {
    log.append("k", std::to_string(i) + std::string(960, '.'),
               static_cast<std::int64_t>(1'000 + i));
  }
}

void make_rolled(StoreFixture& store) {
  store.open();
  append_numbers(store.log(), 1, 6'000);
  store.log().drain();  // all but the last are sealed
  store.close();
  expect_eq(store.segment_count(), 3u);
}

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

Result<RepairReport> try_repair(Env& env, const std::string& root, RepairOptions options) {
  const ScanWatch watch;
  return repair_store(env, root, options, watch);
}

LogRepair repaired(StoreFixture& store, RepairOptions options) {
  const RepairReport report = take(try_repair(store.env(), store.root(), options));
  return report.logs.at(0);
}

std::vector<std::uint64_t> numbers_of(const std::vector<ReadRecord>& records) {
  std::vector<std::uint64_t> numbers;
  for (const ReadRecord& record : records) numbers.push_back(record.sequence);
  return numbers;
}

}  // namespace millrace::test
