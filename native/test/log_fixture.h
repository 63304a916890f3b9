#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/background.h"
#include "core/env.h"
#include "core/segment_cache.h"
#include "core/shard_log.h"
#include "test/test.h"

namespace millrace::test {

// A batch under construction: `batch().add("key", "payload")`.
class BatchBuilder {
 public:
  BatchBuilder& add(std::string_view key, std::string_view payload);
  // As add, with 16 bytes of explicit hash key.
  BatchBuilder& add_hashed(std::string_view key, std::string_view hash_key,
                           std::string_view payload);
  BatchBuilder& at(std::int64_t arrival_ms);
  [[nodiscard]] std::size_t count() const noexcept { return order_.size(); }
  [[nodiscard]] PackedBatch packed() const;
  // For hostile batches.
  std::vector<std::uint32_t>& columns() noexcept { return columns_; }

 private:
  std::uint32_t put(std::string_view text);

  std::vector<std::byte> bytes_;
  std::vector<std::uint32_t> columns_;
  std::vector<std::uint32_t> order_;
  std::int64_t arrival_ms_ = 1'000;
};

// A record as a reader got it.
struct ReadRecord {
  std::uint64_t sequence = 0;
  std::int64_t arrival_ms = 0;
  std::string key;
  std::string payload;
  bool operator==(const ReadRecord&) const = default;
};

[[nodiscard]] LogIdentity some_identity();

// One log in a folder of an Env, opened and reopened as a process would.
class LogFixture {
 public:
  explicit LogFixture(std::shared_ptr<Env> env, std::string directory, LogOptions options = {},
                      const LogIdentity& identity = some_identity());
  ~LogFixture();

  ShardLog& log() { return *log_; }
  ShardLog* operator->() { return log_.get(); }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] Env& env() noexcept { return *env_; }
  [[nodiscard]] const LogIdentity& identity() const noexcept { return identity_; }

  // Opens; an error is returned, not thrown.
  Result<void> open();
  // As if the process had died: nothing is closed.
  void crash();
  // Lets go of the log alone; the helper threads go on.
  void let_go() { log_.reset(); }
  // Closes and opens again; fails the test on an error.
  void reopen();
  // As another writer would, in another mode.
  void reopen(const LogOptions& options);
  // Waits for helper threads.
  void drain();
  Background& background() noexcept { return *background_; }

  // Appends one record or a batch and expects it whole; the sequence number of the first.
  std::uint64_t append(std::string_view key, std::string_view payload, std::int64_t at_ms = 1'000);
  std::vector<std::uint64_t> append(const BatchBuilder& batch);
  // Every record from `from` to the tail, through pages of `page_records`.
  std::vector<ReadRecord> read_all(std::uint64_t from = 1, std::size_t page_records = 100,
                                   std::uint64_t page_bytes = 64 * 1024);

 private:
  std::shared_ptr<Env> env_;
  std::string directory_;
  LogOptions options_;
  LogIdentity identity_;
  std::unique_ptr<Background> background_;
  std::shared_ptr<SegmentCache> cache_;
  std::unique_ptr<ShardLog> log_;
};

// What reads a page: ShardLog::read, or that of another reader.
using ReadCall = std::function<Result<Page>(Sequence, const PageLimits&, const PageBuffers&)>;
// One page of records.
Result<std::vector<ReadRecord>> read_page(const ReadCall& read, std::uint64_t from,
                                          std::size_t records, std::uint64_t bytes, Page& page);

Result<std::vector<ReadRecord>> read_page(ShardLog& log, std::uint64_t from, std::size_t records,
                                          std::uint64_t bytes, Page& page);

}  // namespace millrace::test
