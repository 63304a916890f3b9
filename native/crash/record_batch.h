#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/packed_record.h"
#include "core/shard_log.h"
#include "crash/ledger.h"
#include "test/log_fixture.h"
#include "test/random.h"

namespace millrace::crash {

// How records of a workload are cut.
struct RecordSizes {
  std::uint64_t fixed_bytes = 0;  // all alike, so that old frames fit behind new ones; 0: mixed
  std::uint64_t zeros_max = 0;    // some end with so many zeros at most
};

// Draws contents of records: no two that it made are alike.
class ContentSource {
 public:
  PutContent draw(test::Random& random, const RecordSizes& sizes);

 private:
  std::uint64_t drawn_ = 0;
};

// Records on their way into one log, and where the answers go.
class RecordBatch {
 public:
  explicit RecordBatch(std::int64_t arrival_ms) : arrival_ms_(arrival_ms) {
    builder_.at(arrival_ms);
  }

  // `next` is the number that it would get.
  void add(PutContent content, std::uint64_t next, JournalPlace started);

  [[nodiscard]] std::size_t count() const noexcept { return puts_.size(); }
  // What the log takes; valid as long as the batch is.
  [[nodiscard]] PackedBatch packed() const { return builder_.packed(); }
  [[nodiscard]] AppendedSlots slots() { return {offsets_, arrivals_}; }
  // The nth record, as it was put and as it was answered.
  [[nodiscard]] const PutRecord& put(std::size_t nth) const { return puts_.at(nth); }
  [[nodiscard]] PutRecord answered(std::size_t nth) const;

 private:
  std::int64_t arrival_ms_;
  test::BatchBuilder builder_;
  std::vector<PutRecord> puts_;
  std::vector<double> offsets_;
  std::vector<double> arrivals_;
};

}  // namespace millrace::crash
