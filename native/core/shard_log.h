#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/background.h"
#include "core/env.h"
#include "core/frame.h"
#include "core/recovery.h"
#include "core/result.h"
#include "core/segment_cache.h"
#include "core/segment_header.h"
#include "core/units.h"

namespace millrace {

struct LogOptions {
  // Data bytes of a log's first segment; each next one is four times as large, up to segment_bytes.
  std::uint64_t first_segment_bytes = 1 * kMiB;
  std::uint64_t segment_bytes = 256 * kMiB;
  // A segment whose first record is older than this is closed, so that retention by time has
  // granularity. Milliseconds on the caller's clock.
  std::int64_t segment_age_ms = 3'600'000;
  // False: nothing is ever synced (memory, `none`).
  bool sync = true;
  // A checkpoint is started when this many bytes wait for one, or after checkpoint_ms.
  std::uint64_t checkpoint_bytes = 32 * kMiB;
  std::uint64_t checkpoint_ms = 1000;
  // Appends are refused with kBacklog while more bytes than this are not durable: what a crash of
  // the system may take, and what recovery has to scan.
  std::uint64_t backlog_bytes = 64 * kMiB;
};

// Records to append, packed; words of `columns` as in the contract (src/log/log.ts).
struct PackedBatch {
  Bytes bytes;
  std::span<const std::uint32_t> columns;  // kColumnStride a record
  std::span<const std::uint32_t> order;    // indices of the records to append, in order
  ArrivalTime arrival;
};
inline constexpr std::size_t kColumnStride = 6;
inline constexpr std::uint32_t kNoHashKey = 0xffff'ffff;

// Where append answers: one slot per record of the batch, at the record's own index.
struct AppendedSlots {
  std::span<double> offsets;
  std::span<double> arrivals_ms;
};

// Where read answers.
struct PageBuffers {
  MutableBytes bytes;
  std::span<std::uint32_t> columns;
  std::span<double> offsets;
  std::span<double> arrivals_ms;
};

struct PageLimits {
  std::uint64_t payload_bytes = 0;  // keys and payloads; the first record may exceed it
  std::size_t records = 0;
};

struct Page {
  std::size_t count = 0;
  Sequence next;   // where the next page begins
  Sequence first;  // first readable record
  Sequence tail;   // behind the last readable record
  bool at_tail = false;
  bool ended = false;
};

struct LogStats {
  Sequence first;
  Sequence next;
  Sequence durable;
  std::uint64_t bytes = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t segments = 0;
  ArrivalTime first_arrival;
  ArrivalTime last_arrival;
  bool sealed = false;
};

// What logs of one store share. All outlive every log.
struct LogContext {
  Env* env;
  Background* background;
  std::shared_ptr<SegmentCache> cache;
};

// One ordered log in one folder: the appender and a reader of the same process.
//
// All calls come from one thread at a time, except flush(), which any thread may call while the log
// is open. Opening reads; a log without files stays without files until its first append.
class ShardLog {
 public:
  static Result<std::unique_ptr<ShardLog>> open(const LogContext& context, std::string directory,
                                                const LogIdentity& identity,
                                                const LogOptions& options);
  ShardLog(const ShardLog&) = delete;
  ShardLog& operator=(const ShardLog&) = delete;
  // Without close(): as if the process had died here.
  ~ShardLog();

  // How many records of batch.order, from the first on, are stored and published. Fewer than all
  // only when the disk is full or the backlog is; asking again for the rest answers with the error.
  // Lengths and positions in `columns` are checked against `bytes`: kTooLarge names the record.
  Result<std::size_t> append(const PackedBatch& batch, AppendedSlots out);

  // kTrimmed: `from` lies before the first record (Error::detail is the first). kTooLarge: the next
  // record does not fit the buffer (Error::detail is how many bytes it takes).
  Result<Page> read(Sequence from, const PageLimits& limits, const PageBuffers& into);

  // First record that arrived at or after `arrival`, or the tail.
  Result<Sequence> seek(ArrivalTime arrival);

  Result<void> trim(Sequence before);
  // Appends the shard end; answers its sequence number. Idempotent.
  Result<Sequence> seal(ArrivalTime now);
  // Returns when everything appended before the call is on the disk.
  Result<void> flush();
  Result<LogStats> stats();
  // Syncs, seals nothing, leaves the control page closed. Idempotent.
  Result<void> close();

  // What opening found and did; for reports and tests.
  [[nodiscard]] const RecoveryReport& recovery() const noexcept;

 private:
  class State;
  explicit ShardLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace millrace
