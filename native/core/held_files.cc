#include "core/held_files.h"
#include "core/system_error.h"

#include <algorithm>
#include <utility>

namespace millrace {

Result<std::shared_ptr<File>> HeldFiles::open(Env& env, const std::string& path) {
  Result<File> opened = File::open(env, path, OpenMode::kReadWrite);
  if (!opened && wants_descriptor(opened.error())) {
    {
      const std::lock_guard guard(mutex_);
      recent_.clear();
    }
    opened = File::open(env, path, OpenMode::kReadWrite);
  }
  if (!opened) return opened.error();
  auto file = std::make_shared<File>(std::move(*opened));
  used(file);
  return file;
}

void HeldFiles::used(const std::shared_ptr<File>& file) {
  const std::lock_guard guard(mutex_);
  const auto at = std::ranges::find(recent_, file);
  if (at != recent_.end()) {
    std::rotate(at, at + 1, recent_.end());
    return;
  }
  recent_.push_back(file);
  if (recent_.size() > capacity_) recent_.erase(recent_.begin());
}

void HeldFiles::let_go(const std::shared_ptr<File>& file) {
  const std::lock_guard guard(mutex_);
  std::erase(recent_, file);
}

std::size_t HeldFiles::count() {
  const std::lock_guard guard(mutex_);
  return recent_.size();
}

}  // namespace millrace
