#include "binding/shared_background.h"

#include <mutex>

namespace millrace {

std::shared_ptr<Background> shared_background() {
  static std::mutex mutex;
  static std::weak_ptr<Background> current;
  const std::lock_guard lock(mutex);
  std::shared_ptr<Background> background = current.lock();
  if (background == nullptr) {
    background = std::make_shared<Background>();
    current = background;
  }
  return background;
}

}  // namespace millrace
