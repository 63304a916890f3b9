#include "core/shared_log.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace millrace {

SharedLog::SharedLog(const LogContext& context, std::string directory, const LogIdentity& identity,
                     const LogOptions& options, RecoveredLog recovered)
    : context_(context),
      directory_(std::move(directory)),
      identity_(identity),
      options_(options),
      report_(recovered.report),
      appender_(context, directory_, identity, options, recovered),
      control_(recovered.control),
      checkpointer_(appender_.checkpointer()),
      segments_(std::move(recovered.segments)),
      trimmed_(std::make_shared<TrimmedSegments>(context.env, directory_)),
      version_(recovered.control ? 1 : 0) {}

SharedLog::~SharedLog() {
  trimmed_->abandon();
  if (checkpointer_) checkpointer_->abandon();
}

bool SharedLog::enter() {
  const std::lock_guard guard(users_);
  if (user_count_ == 0) return false;
  ++user_count_;
  return true;
}

bool SharedLog::is_used() {
  const std::lock_guard guard(users_);
  return user_count_ > 0;
}

Result<void> SharedLog::leave(bool close) {
  const std::lock_guard guard(users_);
  if (--user_count_ > 0) return {};
  // Whoever opens the log again must not meet a removal or a checkpoint of this one.
  if (close) trimmed_->remove();
  trimmed_->abandon();
  if (close) return Appending(*this).appender().close();
  if (const auto checkpointer = this->checkpointer()) checkpointer->abandon();
  return {};
}

std::shared_ptr<ControlFile> SharedLog::control() {
  const std::lock_guard guard(files_);
  return control_;
}

std::shared_ptr<Checkpointer> SharedLog::checkpointer() {
  const std::lock_guard guard(files_);
  return checkpointer_;
}

SharedLog::Listed SharedLog::segments() {
  const std::lock_guard guard(files_);
  return {segments_, version_.load(std::memory_order_relaxed)};
}

// What an append brought into being. Holding appending_.
void SharedLog::note_files() {
  if (!appender_.has_started() && (version() != 0 || !appender_.control())) return;
  const bool begins = version() == 0;
  list_started(appender_.take_started());
  if (begins && context_.beginnings != nullptr) context_.beginnings->log_began();
}

void SharedLog::list_started(std::vector<Segment> started) {
  const std::lock_guard guard(files_);
  control_ = appender_.control();
  checkpointer_ = appender_.checkpointer();
  for (Segment& segment : started) {
    // It takes the place of a last one without frames, which had the same first number.
    if (!segments_.empty() && segments_.back().base_sequence() == segment.base_sequence()) {
      segments_.drop_back();
      context_.cache->forget(segment.path);
    }
    segments_.add(std::move(segment));
  }
  version_.fetch_add(1, std::memory_order_release);
}

void SharedLog::trim(Sequence before) {
  const std::lock_guard guard(files_);
  if (!control_) return;
  ControlPage& page = control_->page();
  // The shard end is no record: a trim past the tail stops before it.
  const LogEnd end = marks().end();
  const Sequence tail{end.next.value - (end.sealed ? 1 : 0)};
  const Sequence horizon = std::min(before, tail);
  if (horizon.value > page.trim_sequence.load(std::memory_order_relaxed)) {
    control_->trim(horizon);
  }
  const Sequence trimmed{page.trim_sequence.load(std::memory_order_relaxed)};
  if (segments_.empty()) return;
  const Segment& first = segments_[segments_.index_of(trimmed)];
  const Sequence kept = first.base_sequence();
  const LogPosition kept_at = first.base_position();
  const std::vector<std::string> paths = segments_.drop_before(kept);
  if (paths.empty()) return;
  version_.fetch_add(1, std::memory_order_release);
  for (const std::string& path : paths) context_.cache->forget(path);
  trimmed_->add({.control = control_,
                 .checkpointer = options_.sync ? checkpointer_ : nullptr,
                 .first_kept = kept,
                 .first_kept_at = kept_at,
                 .paths = paths});
  context_.background->post(Background::Lane::kSync, [trimmed = trimmed_] { trimmed->remove(); });
}

}  // namespace millrace
