#include "binding/open_engine.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace millrace {

OpenEngine::~OpenEngine() {
  if (shared_ != nullptr) (void)shared_->leave(member_);
}

Result<void> OpenEngine::sweep(const std::vector<LogIdentity>& live) {
  return shared_->sweep(live);
}

Result<void> OpenEngine::close() {
  assert(!has_open_logs());
  return std::exchange(shared_, nullptr)->leave(member_);
}

void OpenEngine::opened(const LogIdentity& identity) {
  const std::lock_guard lock(mutex_);
  open_.insert(identity);
}

void OpenEngine::closed(const LogIdentity& identity) {
  {
    const std::lock_guard lock(mutex_);
    open_.erase(identity);
  }
  engine().left(identity);
}

bool OpenEngine::is_open(const LogIdentity& identity) const {
  // Two shards never share a uuid, and the folder is named by it alone.
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(open_,
                             [&](const LogIdentity& other) { return other.uuid == identity.uuid; });
}

bool OpenEngine::has_open_logs() const {
  const std::lock_guard lock(mutex_);
  return !open_.empty();
}

}  // namespace millrace
