#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "core/control_view.h"
#include "core/env.h"
#include "core/leased_segment.h"
#include "core/log_page.h"
#include "core/log_reader.h"
#include "core/result.h"
#include "core/segment_cache.h"
#include "core/segment_header.h"
#include "core/shard_log.h"
#include "core/tail_watcher.h"
#include "core/units.h"

namespace millrace {

// What followers of one store share.
struct FollowerContext {
  std::shared_ptr<Env> env;
  std::shared_ptr<SegmentCache> cache;
  std::uint64_t boot_hash = 0;  // of this boot
  // The control page of the metadata, whose waiters are told when a log begins (Beginnings); null
  // while it has none. Empty for the metadata itself.
  std::function<std::shared_ptr<const ControlView>()> herald = {};
};

// One log that somebody else may be writing, here or in another process: the reading half of
// ShardLog. It takes no lock and changes nothing; it begins when the log does, and goes on while
// segments roll and are trimmed, and when one writer dies and another takes over.
//
// One thread at a time.
class LogFollower {
 public:
  // The control page of a log, mapped; null while the log has no files that can be followed.
  static Result<std::shared_ptr<const ControlView>> open_view(Env& env,
                                                              const std::string& directory,
                                                              const LogIdentity& identity,
                                                              std::uint64_t boot_hash);

  // Touches nothing yet.
  LogFollower(FollowerContext context, std::string directory, const LogIdentity& identity);

  // As ShardLog::read, seek and stats. kRemoved when the log was there and its folder is gone.
  Result<Page> read(Sequence from, const PageLimits& limits, const PageBuffers& into);
  Result<Sequence> seek(ArrivalTime arrival);
  Result<LogStats> stats();
  // As ShardLog::read_record.
  Result<bool> read_record(Sequence at, bool resident_only, const PageBuffers& into);
  // As ShardLog::lease and read_leased.
  Result<std::optional<LeasedSegment>> lease(Sequence from);
  Result<Page> read_leased(Sequence from, const PageLimits& limits, const PageBuffers& into,
                           LeasedSegment& lease);

  // After a read that answered kNotResident: what to load before it is made again.
  [[nodiscard]] std::optional<ColdStretch> take_cold();

  // For a TailWatcher: what to watch, and the mark that the last read went up to. The source is
  // another one once has_files() was false and is true.
  [[nodiscard]] TailSource source() const;
  [[nodiscard]] bool has_files() const noexcept { return control_ != nullptr; }
  [[nodiscard]] LogPosition seen() const noexcept { return seen_; }

 private:
  // False when the log has no files yet.
  Result<bool> begin();
  // Takes note of what a writer did to the files since the last call.
  void follow();
  // Forgets all that was known of the segments.
  void forget();
  // Calls `look` with the reader; again if what it saw may have been out of date.
  template <typename Look>
  std::invoke_result_t<Look&> steadily(Look look);
  Result<LogReader::End> end();

  const FollowerContext context_;
  const std::string directory_;
  const LogIdentity identity_;
  std::shared_ptr<const ControlView> control_;  // null: the log has no files yet
  std::optional<LogReader> reader_;             // there with control_
  std::uint64_t epoch_ = 0;                     // of the writer whose segments the reader knows
  LogPosition seen_;
  // What precedes the mark `ended_at_`, so that a log that does not grow is walked once.
  LogReader::End end_;
  LogPosition ended_at_;
};

}  // namespace millrace
