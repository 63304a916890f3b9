#pragma once

#include <string>
#include <utility>

#include "core/env.h"
#include "core/file.h"
#include "core/result.h"

namespace millrace {

// The right to write below one directory, held by one owner on this machine until it is destroyed
// or its process dies, however it dies. The lock is on the file `lock` inside the directory, which
// is created when missing, never written and never removed.
class DirectoryLock {
 public:
  // The directory must exist. kBusy when another owner, in this process or another, holds it.
  static Result<DirectoryLock> acquire(Env& env, const std::string& directory);

 private:
  explicit DirectoryLock(File file) noexcept : file_(std::move(file)) {}

  File file_;
};

}  // namespace millrace
