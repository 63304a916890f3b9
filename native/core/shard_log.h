#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/frame.h"
#include "core/leased_segment.h"
#include "core/log_options.h"
#include "core/log_page.h"
#include "core/log_reader.h"
#include "core/recovery.h"
#include "core/result.h"
#include "core/segment_header.h"
#include "core/shared_log.h"
#include "core/tail_watcher.h"
#include "core/units.h"

namespace millrace {

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

struct GroupAppend;

// One ordered log in one folder, as one thread has it: the appender, which it shares with the other
// threads of the process that joined the log, and a reader of its own.
//
// All calls come from one thread at a time, except flush(), which any thread may call while the log
// is open; and of a log that is `written` (LogOptions), append(), seal() and append_together(),
// which wait for the disk and are meant for helper threads. Opening reads; a log without files
// stays without files until its first append.
class ShardLog {
 public:
  static Result<std::unique_ptr<ShardLog>> open(const LogContext& context, std::string directory,
                                                const LogIdentity& identity,
                                                const LogOptions& options);
  // The same log for one more thread; null when the last one is leaving it: open it then.
  static std::unique_ptr<ShardLog> join(const std::shared_ptr<SharedLog>& shared);
  [[nodiscard]] const std::shared_ptr<SharedLog>& shared() const noexcept { return shared_; }
  ShardLog(const ShardLog&) = delete;
  ShardLog& operator=(const ShardLog&) = delete;
  // Without close(), by the last thread that has the log: as if the process had died here.
  ~ShardLog();

  // How many records of batch.order, from the first on, are stored and published. Fewer than all
  // only when the disk is full or the backlog is; asking again for the rest answers with the error.
  // Lengths and positions in `columns` are checked against `bytes`: kTooLarge names the record.
  Result<std::size_t> append(const PackedBatch& batch, AppendedSlots out);

  // One record, which lies wherever `content` says, and does not change meanwhile. kUnsupported in
  // a log that is `written`.
  Result<AppendedRecord> append_one(const FrameContent& content, ArrivalTime arrival);

  // kTrimmed: `from` lies before the first record (Error::detail is the first). kTooLarge: the next
  // record does not fit the buffer (Error::detail is how many bytes it takes).
  Result<Page> read(Sequence from, const PageLimits& limits, const PageBuffers& into);

  // As LogReader::read_record.
  Result<bool> read_record(Sequence at, bool resident_only, const PageBuffers& into);

  // As LogReader::lease and LogReader::read_leased; an error that is not kTrimmed or kClosed says
  // that read() is to be asked.
  Result<std::optional<LeasedSegment>> lease(Sequence from);
  Result<Page> read_leased(Sequence from, const PageLimits& limits, const PageBuffers& into,
                           LeasedSegment& lease);

  // First record that arrived at or after `arrival`, or the tail.
  Result<Sequence> seek(ArrivalTime arrival);

  Result<void> trim(Sequence before);
  // Appends the shard end; answers its sequence number. Idempotent.
  Result<Sequence> seal(ArrivalTime now);
  // Returns when everything appended before the call is on the disk.
  Result<void> flush();
  Result<LogStats> stats();

  // After a read that answered kNotResident: what to load before it is made again.
  [[nodiscard]] std::optional<ColdStretch> take_cold();

  // For a TailWatcher: what to watch, and the mark that the last read went up to. The source is
  // another one once has_files() was false and is true.
  [[nodiscard]] TailSource source() const;
  [[nodiscard]] bool has_files() const noexcept { return reader_.has_value(); }
  [[nodiscard]] LogPosition seen() const noexcept { return seen_; }

  // Seals nothing. Of the threads that have the log, the last one closes it. A log that syncs is
  // durable then, and its control page says `closed` unless the log is poisoned, or numbers that a
  // crash left unused still wait for their gap. Idempotent.
  Result<void> close();

  // What opening found and did; for reports and tests.
  [[nodiscard]] const RecoveryReport& recovery() const noexcept;

 private:
  friend void append_together(std::span<GroupAppend> appends);
  explicit ShardLog(std::shared_ptr<SharedLog> shared);
  LogReader* reader();

  const std::shared_ptr<SharedLog> shared_;
  std::optional<LogReader> reader_;  // there once the log has files
  std::uint64_t seen_version_ = 0;   // of the list of segments
  LogPosition seen_;                 // the visible mark at the last read
  std::atomic<bool> closed_{false};  // by the thread that owns this; seen by its helpers
};

// A batch for one of several logs, and what became of it.
struct GroupAppend {
  ShardLog* log;
  PackedBatch batch;
  AppendedSlots out;
  Result<std::size_t> answer = std::size_t{0};  // as ShardLog::append
};

// Appends to several logs of one store that are `written`, of which each commit costs one wait for
// the disk, not one a log. Each batch is answered by itself. A log may come more than once.
void append_together(std::span<GroupAppend> appends);

}  // namespace millrace
