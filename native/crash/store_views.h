#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "core/result.h"
#include "crash/ledger.h"
#include "test/log_fixture.h"

namespace millrace::crash {

// What a store shows: its metadata, and the logs that this names, by their numbers.
struct StoreViews {
  LogView meta;
  std::map<std::size_t, LogView> logs;
};

// Which logs the metadata names, by its records: numbers of the ledger.
[[nodiscard]] std::vector<std::size_t> live_logs(std::span<const test::ReadRecord> metadata);
// Every record that a log shows, from its first one on: of a ShardLog or a LogFollower.
template <typename Log>
[[nodiscard]] Result<LogView> view_of(Log& log);

}  // namespace millrace::crash
