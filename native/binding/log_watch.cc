#include "binding/log_watch.h"

#include <mutex>

#include "core/env_posix.h"

namespace millrace {

std::shared_ptr<TailWatcher> shared_tail_watcher() {
  static std::mutex mutex;
  static std::weak_ptr<TailWatcher> current;
  const std::lock_guard lock(mutex);
  std::shared_ptr<TailWatcher> watcher = current.lock();
  if (watcher == nullptr) {
    watcher = TailWatcher::make(std::make_shared<EnvPosix>());
    current = watcher;
  }
  return watcher;
}

}  // namespace millrace
