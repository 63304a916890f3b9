#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/file.h"
#include "core/result.h"

namespace millrace {

// Files that are written again and again, kept open: those used last, so that descriptors are
// bounded whatever the number of logs. What falls out is closed once nobody uses it. Any thread.
class HeldFiles {
 public:
  explicit HeldFiles(std::size_t capacity) : capacity_(capacity) {}

  // Opens a file for reading and writing, and keeps it. A process that is out of descriptors gets
  // all that are kept here back first.
  Result<std::shared_ptr<File>> open(Env& env, const std::string& path);
  // It was used, again.
  void used(const std::shared_ptr<File>& file);
  // It will not be used any more.
  void let_go(const std::shared_ptr<File>& file);

  [[nodiscard]] std::size_t count();

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<File>> recent_;  // most recently used last; guarded by mutex_
};

}  // namespace millrace
