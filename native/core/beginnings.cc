#include "core/beginnings.h"

#include "core/shared_log.h"

namespace millrace {

void Beginnings::herald_by(const std::shared_ptr<SharedLog>& metadata) {
  const std::lock_guard guard(mutex_);
  metadata_ = metadata;
}

std::shared_ptr<ControlFile> Beginnings::herald() const {
  std::shared_ptr<SharedLog> metadata;
  {
    const std::lock_guard guard(mutex_);
    metadata = metadata_.lock();
  }
  return metadata == nullptr ? nullptr : metadata->control();
}

void Beginnings::log_began() const {
  if (const std::shared_ptr<ControlFile> control = herald()) control->tell_waiters();
}

}  // namespace millrace
