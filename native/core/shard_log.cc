#include "core/shard_log.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/commit.h"
#include "core/log_appender.h"
#include "core/log_reader.h"

namespace millrace {

// The appender belongs to whoever holds `appending_`; everything else but the two members guarded
// by `files_` to the thread that owns the log.
class ShardLog::State {
 public:
  State(const LogContext& context, std::string directory, const LogIdentity& identity,
        const LogOptions& options, RecoveredLog recovered)
      : context_(context),
        directory_(std::move(directory)),
        identity_(identity),
        options_(options),
        report_(recovered.report),
        appender_(context, directory_, identity, options, recovered) {
    if (!recovered.control) return;
    control_ = recovered.control;
    checkpointer_ = appender_.checkpointer();
    reader_.emplace(*context.env, context.cache, directory_, identity, recovered.control,
                    std::move(recovered.segments));
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (const auto checkpointer = this->checkpointer()) checkpointer->abandon();
  }

  [[nodiscard]] const LogMarks& marks() const noexcept { return appender_.marks(); }

  // What an append may have brought into being is noted for the reader and flush(). Holding
  // appending_.
  void note_files() {
    std::vector<Segment> started = appender_.take_started();
    if (started.empty() && !first_files_) return;
    const std::lock_guard guard(files_);
    first_files_ = false;
    control_ = appender_.control();
    checkpointer_ = appender_.checkpointer();
    for (Segment& segment : started) started_.push_back(std::move(segment));
    // Release: whoever sees the flag and takes files_ sees all of it anyway.
    has_started_.store(true, std::memory_order_release);
  }

  // The reader, once the log has files; null before.
  LogReader* reader() {
    if (!has_started_.load(std::memory_order_acquire)) return reader_ ? &*reader_ : nullptr;
    const std::lock_guard guard(files_);
    has_started_.store(false, std::memory_order_relaxed);
    if (!reader_ && control_) {
      reader_.emplace(*context_.env, context_.cache, directory_, identity_, control_,
                      SegmentList{});
    }
    for (const Segment& segment : started_) reader_->segment_started(segment);
    started_.clear();
    return reader_ ? &*reader_ : nullptr;
  }

  std::shared_ptr<ControlFile> control() {
    const std::lock_guard guard(files_);
    return control_;
  }
  std::shared_ptr<Checkpointer> checkpointer() {
    const std::lock_guard guard(files_);
    return checkpointer_;
  }

  Result<Page> read(Sequence from, const PageLimits& limits, const PageBuffers& into);
  Result<LogStats> stats();
  void trim(Sequence before);

  LogContext context_;
  const std::string directory_;
  const LogIdentity identity_;
  const LogOptions options_;
  const RecoveryReport report_;
  std::mutex appending_;  // guards appender_, but for its marks
  LogAppender appender_;
  std::atomic<bool> closed_{false};  // relaxed: set by the thread that owns the log

 private:
  std::optional<LogReader> reader_;  // there once the log has files
  std::mutex files_;                 // guards the three below; held for moments
  std::shared_ptr<ControlFile> control_;
  std::shared_ptr<Checkpointer> checkpointer_;
  std::vector<Segment> started_;  // that the reader does not know yet
  bool first_files_ = true;       // guarded by appending_: nothing was noted yet
  std::atomic<bool> has_started_{false};
};

namespace {

Error closed(const std::string& directory) {
  return Error{.code = Errc::kClosed, .message = directory + ": used after close"};
}

// Behind a checkpoint, so that the first kept segment is on the disk before the control page says
// that it is the first, and before any other goes. A crash in between leaves a longer log.
void unlink_trimmed(Env& env, const std::string& directory, ControlFile& control,
                    Checkpointer* checkpointer, Sequence first_kept,
                    const std::vector<std::string>& paths) {
  if (checkpointer != nullptr && !checkpointer->run()) return;
  control.page().first_segment.store(first_kept.value, std::memory_order_relaxed);
  control.stored();
  if (checkpointer != nullptr && !control.sync()) return;
  for (const std::string& path : paths) (void)env.unlink(path);
  if (checkpointer != nullptr) (void)env.sync_directory(directory);
}

}  // namespace

Result<Page> ShardLog::State::read(Sequence from, const PageLimits& limits,
                                   const PageBuffers& into) {
  if (LogReader* const reader = this->reader()) {
    Result<Page> page = reader->read(from, limits, into);
    // The marks may lag a moment behind what the page was read by.
    if (page) page->tail = std::max(page->count > 0 ? page->next : Sequence{}, marks().next());
    return page;
  }
  if (from < kFirstSequence) {
    return Error{.code = Errc::kTrimmed, .message = {}, .detail = kFirstSequence.value};
  }
  Page page;
  page.next = from;
  page.first = kFirstSequence;
  page.tail = marks().next();
  page.at_tail = true;
  return page;
}

Result<LogStats> ShardLog::State::stats() {
  LogStats stats;
  stats.next = marks().next();
  stats.first = stats.next;
  stats.durable = options_.sync ? kFirstSequence : Sequence{};
  stats.sealed = marks().sealed();
  LogReader* const reader = this->reader();
  if (reader == nullptr) return stats;
  if (options_.sync) stats.durable = checkpointer()->durable_next();
  const SegmentList& segments = reader->segments();
  stats.segments = segments.size();
  for (std::size_t i = 0; i < segments.size(); ++i)
    stats.file_bytes += segments[i].header.file_bytes;
  if (!segments.empty()) {
    stats.bytes = marks().tail().bytes - segments.front().header.base_position;
  }
  Result<std::optional<ArrivalTime>> first = reader->first_arrival();
  if (!first) return first.error();
  if (*first) {
    stats.first = reader->first();
    stats.first_arrival = **first;
    stats.last_arrival = marks().last_arrival();
  }
  return stats;
}

void ShardLog::State::trim(Sequence before) {
  LogReader* const reader = this->reader();
  if (reader == nullptr) return;
  const std::shared_ptr<ControlFile> control = this->control();
  ControlPage& page = control->page();
  // The shard end is no record: a trim past the tail stops before it.
  const Sequence tail{marks().next().value - (marks().sealed() ? 1 : 0)};
  const Sequence horizon = std::min(before, tail);
  if (horizon.value > page.trim_sequence.load(std::memory_order_relaxed)) {
    control->trim(horizon);
  }
  const Sequence trimmed{page.trim_sequence.load(std::memory_order_relaxed)};
  const SegmentList& segments = reader->segments();
  if (segments.empty()) return;
  const Sequence kept = segments[segments.index_of(trimmed)].base_sequence();
  const std::vector<std::string> paths = reader->drop_before(kept);
  if (paths.empty()) return;
  for (const std::string& path : paths) context_.cache->forget(path);
  context_.background->post(
      Background::Lane::kSync, [paths, kept, control, env = context_.env, directory = directory_,
                                checkpointer = options_.sync ? checkpointer() : nullptr] {
        unlink_trimmed(*env, directory, *control, checkpointer.get(), kept, paths);
      });
}

ShardLog::ShardLog(std::unique_ptr<State> state) : state_(std::move(state)) {}
ShardLog::~ShardLog() = default;

Result<std::unique_ptr<ShardLog>> ShardLog::open(const LogContext& context, std::string directory,
                                                 const LogIdentity& identity,
                                                 const LogOptions& options) {
  Result<std::uint64_t> boot = current_boot_hash(*context.env);
  if (!boot) return boot.error();
  Result<RecoveredLog> recovered = recover_log(*context.env, directory, identity, *boot);
  if (!recovered) return recovered.error();
  const bool undurable = recovered->control && recovered->durable < recovered->tail;
  auto state = std::make_unique<State>(context, std::move(directory), identity, options,
                                       std::move(*recovered));
  // What an earlier writer left behind, readers of this one would take for durable.
  if (undurable && options.shows_durable()) {
    if (Result<void> synced = state->checkpointer()->run(); !synced) return synced.error();
  }
  return std::unique_ptr<ShardLog>(new ShardLog(std::move(state)));
}

Result<std::size_t> ShardLog::append(const PackedBatch& batch, AppendedSlots out) {
  if (state_->closed_) return closed(state_->directory_);
  if (state_->options_.written) {
    GroupAppend part{.log = this, .batch = batch, .out = out};
    append_together(std::span(&part, 1));
    return part.answer;
  }
  const std::lock_guard guard(state_->appending_);
  Result<std::size_t> done = state_->appender_.append(batch, out);
  state_->note_files();
  return done;
}

Result<Page> ShardLog::read(Sequence from, const PageLimits& limits, const PageBuffers& into) {
  if (state_->closed_) return closed(state_->directory_);
  return state_->read(from, limits, into);
}

Result<std::optional<LeasedSegment>> ShardLog::lease(Sequence from) {
  if (state_->closed_) return closed(state_->directory_);
  LogReader* const reader = state_->reader();
  if (reader == nullptr) return std::optional<LeasedSegment>{};
  return reader->lease(from, state_->context_.env);
}

Result<Page> ShardLog::read_leased(Sequence from, const PageLimits& limits, const PageBuffers& into,
                                   LeasedSegment& lease) {
  if (state_->closed_) return closed(state_->directory_);
  LogReader* const reader = state_->reader();
  if (reader == nullptr) return Error{.code = Errc::kNotFound, .message = "a log without files"};
  Result<Page> page = reader->read_leased(from, limits, into, lease);
  if (page) page->tail = std::max(page->next, state_->marks().next());
  return page;
}

Result<Sequence> ShardLog::seek(ArrivalTime arrival) {
  if (state_->closed_) return closed(state_->directory_);
  LogReader* const reader = state_->reader();
  return reader != nullptr ? reader->seek(arrival) : Result<Sequence>(state_->marks().next());
}

Result<void> ShardLog::trim(Sequence before) {
  if (state_->closed_) return closed(state_->directory_);
  state_->trim(before);
  return {};
}

Result<Sequence> ShardLog::seal(ArrivalTime now) {
  if (state_->closed_) return closed(state_->directory_);
  const std::lock_guard guard(state_->appending_);
  Result<Sequence> end = state_->appender_.seal(now);
  state_->note_files();
  return end;
}

Result<void> ShardLog::flush() {
  if (!state_->options_.sync) return {};
  const std::shared_ptr<Checkpointer> checkpointer = state_->checkpointer();
  return checkpointer ? checkpointer->run() : Result<void>{};
}

Result<LogStats> ShardLog::stats() {
  if (state_->closed_) return closed(state_->directory_);
  return state_->stats();
}

Result<void> ShardLog::close() {
  if (state_->closed_) return {};
  state_->closed_ = true;
  const std::lock_guard guard(state_->appending_);
  return state_->appender_.close();
}

// Logs are locked in one order whoever commits, and kept until their frames have landed: what a log
// has staged belongs to one commit.
void append_together(std::span<GroupAppend> appends) {
  if (appends.empty()) return;
  std::vector<ShardLog::State*> logs;
  for (const GroupAppend& append : appends) logs.push_back(append.log->state_.get());
  std::sort(logs.begin(), logs.end());
  logs.erase(std::unique(logs.begin(), logs.end()), logs.end());
  std::vector<std::unique_lock<std::mutex>> locks;
  for (ShardLog::State* log : logs) locks.emplace_back(log->appending_);
  Commit commit(*logs.front()->context_.env, logs.front()->options_.sync_commits);
  for (GroupAppend& append : appends) {
    ShardLog::State& log = *append.log->state_;
    append.answer =
        log.closed_ ? closed(log.directory_) : log.appender_.append(append.batch, append.out);
  }
  for (ShardLog::State* log : logs) commit.add(log->appender_);
  (void)commit.run();  // a log that was lost says so itself
  for (GroupAppend& append : appends) {
    ShardLog::State& log = *append.log->state_;
    const auto& checkpointer = log.appender_.checkpointer();
    if (append.answer && checkpointer && checkpointer->poisoned()) {
      append.answer = checkpointer->poison_error();
    }
  }
  for (ShardLog::State* log : logs) log->note_files();
}

const RecoveryReport& ShardLog::recovery() const noexcept { return state_->report_; }

}  // namespace millrace
