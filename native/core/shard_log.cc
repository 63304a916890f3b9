#include "core/shard_log.h"

#include <mutex>
#include <optional>
#include <utility>

#include "core/log_appender.h"
#include "core/log_reader.h"

namespace millrace {

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
    reader_.emplace(*context.env, context.cache, directory_, identity, recovered.control,
                    std::move(recovered.segments));
    checkpointer_ = appender_.checkpointer();
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (checkpointer_) checkpointer_->abandon();
  }

  // What an append may have brought into being is made known to the reader and to flush().
  void notice_files() {
    if (!reader_ && appender_.control()) {
      reader_.emplace(*context_.env, context_.cache, directory_, identity_, appender_.control(),
                      SegmentList{});
      const std::lock_guard guard(checkpointer_mutex_);
      checkpointer_ = appender_.checkpointer();
    }
    for (const Segment& segment : appender_.take_started()) reader_->segment_started(segment);
  }

  std::shared_ptr<Checkpointer> checkpointer() {
    const std::lock_guard guard(checkpointer_mutex_);
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
  LogAppender appender_;
  std::optional<LogReader> reader_;  // there once the log has files
  bool closed_ = false;

 private:
  std::mutex checkpointer_mutex_;
  std::shared_ptr<Checkpointer> checkpointer_;  // guarded: flush() runs on any thread
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
  if (reader_) {
    Result<Page> page = reader_->read(from, limits, into);
    if (page) page->tail = appender_.next();
    return page;
  }
  if (from < kFirstSequence) {
    return Error{.code = Errc::kTrimmed, .message = {}, .detail = kFirstSequence.value};
  }
  Page page;
  page.next = from;
  page.first = kFirstSequence;
  page.tail = appender_.next();
  page.at_tail = true;
  return page;
}

Result<LogStats> ShardLog::State::stats() {
  LogStats stats;
  stats.next = appender_.next();
  stats.first = stats.next;
  stats.durable = options_.sync ? kFirstSequence : Sequence{};
  stats.sealed = appender_.sealed();
  if (!reader_) return stats;
  if (options_.sync) stats.durable = checkpointer()->durable_next();
  const SegmentList& segments = reader_->segments();
  stats.segments = segments.size();
  for (std::size_t i = 0; i < segments.size(); ++i)
    stats.file_bytes += segments[i].header.file_bytes;
  if (!segments.empty()) {
    stats.bytes = appender_.tail().bytes - segments.front().header.base_position;
  }
  Result<std::optional<ArrivalTime>> first = reader_->first_arrival();
  if (!first) return first.error();
  if (*first) {
    stats.first = reader_->first();
    stats.first_arrival = **first;
    stats.last_arrival = appender_.last_arrival();
  }
  return stats;
}

void ShardLog::State::trim(Sequence before) {
  if (!reader_) return;
  ControlPage& page = appender_.control()->page();
  // The shard end is no record: a trim past the tail stops before it.
  const Sequence tail{appender_.next().value - (appender_.sealed() ? 1 : 0)};
  const Sequence horizon = std::min(before, tail);
  if (horizon.value > page.trim_sequence.load(std::memory_order_relaxed)) {
    appender_.control()->trim(horizon);
  }
  const Sequence trimmed{page.trim_sequence.load(std::memory_order_relaxed)};
  const SegmentList& segments = reader_->segments();
  if (segments.empty()) return;
  const Sequence kept = segments[segments.index_of(trimmed)].base_sequence();
  const std::vector<std::string> paths = reader_->drop_before(kept);
  if (paths.empty()) return;
  for (const std::string& path : paths) context_.cache->forget(path);
  context_.background->post(
      Background::Lane::kSync,
      [paths, kept, env = context_.env, directory = directory_, control = appender_.control(),
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
  auto state = std::make_unique<State>(context, std::move(directory), identity, options,
                                       std::move(*recovered));
  return std::unique_ptr<ShardLog>(new ShardLog(std::move(state)));
}

Result<std::size_t> ShardLog::append(const PackedBatch& batch, AppendedSlots out) {
  if (state_->closed_) return closed(state_->directory_);
  Result<std::size_t> done = state_->appender_.append(batch, out);
  state_->notice_files();
  return done;
}

Result<Page> ShardLog::read(Sequence from, const PageLimits& limits, const PageBuffers& into) {
  if (state_->closed_) return closed(state_->directory_);
  return state_->read(from, limits, into);
}

Result<Sequence> ShardLog::seek(ArrivalTime arrival) {
  if (state_->closed_) return closed(state_->directory_);
  return state_->reader_ ? state_->reader_->seek(arrival)
                         : Result<Sequence>(state_->appender_.next());
}

Result<void> ShardLog::trim(Sequence before) {
  if (state_->closed_) return closed(state_->directory_);
  state_->trim(before);
  return {};
}

Result<Sequence> ShardLog::seal(ArrivalTime now) {
  if (state_->closed_) return closed(state_->directory_);
  Result<Sequence> end = state_->appender_.seal(now);
  state_->notice_files();
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
  return state_->appender_.close();
}

const RecoveryReport& ShardLog::recovery() const noexcept { return state_->report_; }

}  // namespace millrace
