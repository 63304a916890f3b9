#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/repair.h"
#include "test/store_fixture.h"

namespace millrace::test {

// Stores that are damaged to be repaired.

// Frames of 1 KiB, so that a log rolls after some thousand.
void append_numbers(LogFixture& log, std::uint64_t first, std::uint64_t count);

// A closed log of 6,000 such records in three segments.
void make_rolled(StoreFixture& store);

// Nine records in three segments, closed, if segments are short.
void make_small(StoreFixture& store);
[[nodiscard]] LogOptions short_segments();

Result<RepairReport> try_repair(Env& env, const std::string& root, RepairOptions options = {});
// What a repair says of the fixture's log.
LogRepair repaired(StoreFixture& store, RepairOptions options = {});

[[nodiscard]] std::vector<std::uint64_t> numbers_of(const std::vector<ReadRecord>& records);

}  // namespace millrace::test
