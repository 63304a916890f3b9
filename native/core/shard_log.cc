#include "core/shard_log.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/boot_hash.h"
#include "core/commit.h"

namespace millrace {

namespace {

Error closed(const std::string& directory) {
  return Error{.code = Errc::kClosed, .message = directory + ": used after close"};
}

}  // namespace

ShardLog::ShardLog(std::shared_ptr<SharedLog> shared) : shared_(std::move(shared)) {}

ShardLog::~ShardLog() {
  reader_.reset();
  if (!closed_) (void)shared_->leave(false);
}

Result<std::unique_ptr<ShardLog>> ShardLog::open(const LogContext& context, std::string directory,
                                                 const LogIdentity& identity,
                                                 const LogOptions& options) {
  Result<std::uint64_t> boot = current_boot_hash(*context.env);
  if (!boot) return boot.error();
  Result<RecoveredLog> recovered = recover_log(*context.env, directory, identity, *boot);
  if (!recovered) return recovered.error();
  const bool undurable = recovered->control && recovered->durable < recovered->tail;
  auto shared = std::make_shared<SharedLog>(context, std::move(directory), identity, options,
                                            std::move(*recovered));
  // What an earlier writer left behind, readers of this one would take for durable.
  if (undurable && options.shows_durable()) {
    if (Result<void> synced = shared->checkpointer()->run(); !synced) return synced.error();
  }
  // Not with the first append: its own reader would not see all that it goes on from. Where both
  // marks are one, nothing is changed by opening.
  if (undurable) shared->control()->show_durable(options.shows_durable());
  return std::unique_ptr<ShardLog>(new ShardLog(std::move(shared)));
}

std::unique_ptr<ShardLog> ShardLog::join(const std::shared_ptr<SharedLog>& shared) {
  if (!shared->enter()) return nullptr;
  return std::unique_ptr<ShardLog>(new ShardLog(shared));
}

// The reader of this thread, once the log has files; null before. Then the log is empty, whatever
// its marks say: another thread that appends first moves them a moment before its files are listed,
// and who took them for the beginning would go on behind records that nobody has read.
LogReader* ShardLog::reader() {
  if (shared_->version() == seen_version_) return reader_ ? &*reader_ : nullptr;
  SharedLog::Listed listed = shared_->segments();
  seen_version_ = listed.version;
  if (reader_) {
    reader_->set_segments(std::move(listed.segments));
  } else {
    const LogContext& context = shared_->context();
    reader_.emplace(*context.env, context.cache, shared_->directory(), shared_->identity(),
                    shared_->control(), std::move(listed.segments));
  }
  return &*reader_;
}

Result<std::size_t> ShardLog::append(const PackedBatch& batch, AppendedSlots out) {
  if (closed_) return closed(shared_->directory());
  if (shared_->options().written) {
    GroupAppend part{.log = this, .batch = batch, .out = out};
    append_together(std::span(&part, 1));
    return part.answer;
  }
  return SharedLog::Appending(*shared_).appender().append(batch, out);
}

Result<AppendedRecord> ShardLog::append_one(const FrameContent& content, ArrivalTime arrival) {
  if (closed_) return closed(shared_->directory());
  if (shared_->options().written) {
    return Error{.code = Errc::kUnsupported,
                 .message = shared_->directory() + ": what it appends waits for the disk"};
  }
  return SharedLog::Appending(*shared_).appender().append_one(content, arrival);
}

Result<Page> ShardLog::read(Sequence from, const PageLimits& limits, const PageBuffers& into) {
  if (closed_) return closed(shared_->directory());
  if (LogReader* const reader = this->reader()) {
    seen_ = reader->visible();
    Result<Page> page = reader->read(from, limits, into);
    // The marks may lag a moment behind what the page was read by.
    if (page) {
      page->tail = std::max(page->count > 0 ? page->next : Sequence{}, shared_->marks().end().next);
    }
    return page;
  }
  if (from < kFirstSequence) {
    return Error{.code = Errc::kTrimmed, .message = {}, .detail = kFirstSequence.value};
  }
  Page page;
  page.next = from;
  page.first = kFirstSequence;
  page.tail = kFirstSequence;
  page.at_tail = true;
  return page;
}

Result<bool> ShardLog::read_record(Sequence at, bool resident_only, const PageBuffers& into) {
  if (closed_) return closed(shared_->directory());
  LogReader* const reader = this->reader();
  return reader != nullptr ? reader->read_record(at, resident_only, into) : Result<bool>(false);
}

std::optional<ColdStretch> ShardLog::take_cold() {
  std::optional<ColdStretch> cold = reader_ ? reader_->take_cold() : std::nullopt;
  if (cold) cold->env = shared_->context().env;
  return cold;
}

Result<std::optional<LeasedSegment>> ShardLog::lease(Sequence from) {
  if (closed_) return closed(shared_->directory());
  LogReader* const reader = this->reader();
  if (reader == nullptr) return std::optional<LeasedSegment>{};
  return reader->lease(from, shared_->context().env);
}

Result<Page> ShardLog::read_leased(Sequence from, const PageLimits& limits, const PageBuffers& into,
                                   LeasedSegment& lease) {
  if (closed_) return closed(shared_->directory());
  LogReader* const reader = this->reader();
  if (reader == nullptr) return Error{.code = Errc::kNotFound, .message = "a log without files"};
  seen_ = reader->visible();
  Result<Page> page = reader->read_leased(from, limits, into, lease);
  if (page) page->tail = std::max(page->next, shared_->marks().end().next);
  return page;
}

Result<Sequence> ShardLog::seek(ArrivalTime arrival) {
  if (closed_) return closed(shared_->directory());
  LogReader* const reader = this->reader();
  return reader != nullptr ? reader->seek(arrival) : Result<Sequence>(kFirstSequence);
}

Result<void> ShardLog::trim(Sequence before) {
  if (closed_) return closed(shared_->directory());
  shared_->trim(before);
  return {};
}

Result<Sequence> ShardLog::seal(ArrivalTime now) {
  if (closed_) return closed(shared_->directory());
  return SharedLog::Appending(*shared_).appender().seal(now);
}

Result<void> ShardLog::flush() {
  if (!shared_->options().sync) return {};
  const std::shared_ptr<Checkpointer> checkpointer = shared_->checkpointer();
  return checkpointer ? checkpointer->run() : Result<void>{};
}

Result<LogStats> ShardLog::stats() {
  if (closed_) return closed(shared_->directory());
  LogStats stats;
  stats.first = stats.next = kFirstSequence;
  stats.durable = shared_->options().sync ? kFirstSequence : Sequence{};
  LogReader* const reader = this->reader();
  if (reader == nullptr) return stats;
  const LogMarks& marks = shared_->marks();
  const LogEnd end = marks.end();
  stats.sealed = end.sealed;
  // A crash of the system may take records and leave the trim that hid them.
  stats.first = stats.next = std::max(end.next, reader->first());
  if (shared_->options().sync) stats.durable = shared_->checkpointer()->durable_next();
  const SegmentList& segments = reader->segments();
  stats.segments = segments.size();
  for (std::size_t i = 0; i < segments.size(); ++i)
    stats.file_bytes += segments[i].header.file_bytes;
  if (!segments.empty()) {
    stats.bytes = marks.tail().bytes - segments.front().header.base_position;
  }
  Result<std::optional<ArrivalTime>> first = reader->first_arrival();
  if (!first) return first.error();
  if (*first) {
    stats.first = reader->first();
    stats.first_arrival = **first;
    stats.last_arrival = marks.last_arrival();
  }
  return stats;
}

TailSource ShardLog::source() const {
  const std::shared_ptr<Env>& env = shared_->context().env;
  if (has_files()) return {env, shared_->control(), nullptr};
  const auto& beginnings = shared_->context().beginnings;
  return {env, nullptr, [shared = shared_] { return shared->version() != 0; },
          beginnings == nullptr ? nullptr : beginnings->herald()};
}

Result<void> ShardLog::close() {
  if (closed_) return {};
  closed_ = true;
  reader_.reset();
  return shared_->leave(true);
}

const RecoveryReport& ShardLog::recovery() const noexcept { return shared_->report(); }

// Logs are locked in one order whoever commits, and kept until their frames have landed: what a log
// has staged belongs to one commit.
void append_together(std::span<GroupAppend> appends) {
  if (appends.empty()) return;
  struct Held {
    SharedLog* log;
    std::size_t appends_left;
    std::unique_ptr<SharedLog::Appending> appending;
  };
  std::vector<SharedLog*> logs;
  for (const GroupAppend& append : appends) logs.push_back(append.log->shared_.get());
  std::sort(logs.begin(), logs.end());
  std::vector<Held> held;
  for (SharedLog* const log : logs) {
    if (held.empty() || held.back().log != log) {
      held.push_back({log, 0, std::make_unique<SharedLog::Appending>(*log)});
    }
    ++held.back().appends_left;
  }
  const auto held_for = [&](const GroupAppend& append) -> Held& {
    return *std::ranges::lower_bound(held, append.log->shared_.get(), {}, &Held::log);
  };
  Commit commit(*logs.front()->context().env, logs.front()->options().sync_commits);
  for (GroupAppend& append : appends) {
    Held& mine = held_for(append);
    LogAppender& appender = mine.appending->appender();
    append.answer = append.log->closed_ ? closed(mine.log->directory())
                                        : appender.append(append.batch, append.out);
    if (--mine.appends_left > 0) continue;
    if (held.size() > 1) {
      commit.begin(appender);
    } else {
      commit.add(appender);
    }
  }
  (void)commit.run();  // a log that was lost says so itself
  for (GroupAppend& append : appends) {
    // Not whether it is poisoned: what has landed stays, whatever a helper has met meanwhile.
    const LogAppender& appender = held_for(append).appending->appender();
    if (append.answer && appender.has_lost()) {
      append.answer = appender.checkpointer()->poison_error();
    }
  }
}

}  // namespace millrace
