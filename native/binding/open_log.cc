#include "binding/open_log.h"

#include <mutex>
#include <utility>

namespace millrace {

OpenLog::OpenLog(std::shared_ptr<OpenEngine> engine, const LogIdentity& identity,
                 std::unique_ptr<ShardLog> log)
    : engine_(std::move(engine)), identity_(identity), log_(std::move(log)) {
  engine_->opened(identity_);
}

OpenLog::~OpenLog() {
  if (log_ != nullptr) release();
}

Result<void> OpenLog::flush() {
  const std::shared_lock lock(use_);
  if (log_ != nullptr) return log_->flush();
  if (close_error_.has_value()) return *close_error_;
  return {};
}

Result<void> OpenLog::close() {
  const std::unique_lock lock(use_);
  Result<void> result = log_->close();
  if (!result) close_error_ = result.error();
  release();
  return result;
}

void OpenLog::release() {
  log_.reset();
  engine_->closed(identity_);
}

}  // namespace millrace
