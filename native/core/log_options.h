#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/background.h"
#include "core/beginnings.h"
#include "core/bytes.h"
#include "core/env.h"
#include "core/held_files.h"
#include "core/log_page.h"
#include "core/segment_cache.h"
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
  // Frames reach the file by calls of whatever thread commits, not through a mapping: so every
  // failure is an errno, and a page that was synced costs nothing to write again.
  bool written = false;
  // A commit is durable before it counts. Only with `written`.
  bool sync_commits = false;
  // Readers see records before they are durable. Without sync_commits they always do.
  bool show_committed = false;

  [[nodiscard]] bool shows_durable() const noexcept { return sync_commits && !show_committed; }
  bool operator==(const LogOptions&) const = default;
};

// What logs of one store share. The background outlives every log; the Env outlives even tasks that
// a log has left behind.
struct LogContext {
  std::shared_ptr<Env> env;
  Background* background;
  std::shared_ptr<SegmentCache> cache;
  std::shared_ptr<HeldFiles> held = {};         // of active segments; null: none is kept open
  std::shared_ptr<Beginnings> beginnings = {};  // null: nobody is told of first records
};

// Records to append, packed; words of `columns` as in the contract (src/log/log.ts).
struct PackedBatch {
  Bytes bytes;
  std::span<const std::uint32_t> columns;  // column::kStride a record
  std::span<const std::uint32_t> order;    // indices of the records to append, in order
  ArrivalTime arrival;
};

// Where one record was stored.
struct AppendedRecord {
  Sequence sequence;
  ArrivalTime arrival;
};

// Where append answers: one slot per record of the batch, at the record's own index.
struct AppendedSlots {
  std::span<double> offsets;
  std::span<double> arrivals_ms;
};

}  // namespace millrace
