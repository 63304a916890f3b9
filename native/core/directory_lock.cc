#include "core/directory_lock.h"

#include "core/paths.h"

namespace millrace {

Result<DirectoryLock> DirectoryLock::acquire(Env& env, const std::string& directory) {
  Result<File> file = File::open(env, join_path(directory, "lock"), OpenMode::kCreate);
  if (!file) return std::move(file.error());
  if (Result<void> locked = file->lock_exclusive(); !locked) {
    if (locked.error().code == Errc::kBusy) {
      return Error{Errc::kBusy, locked.error().sys_errno,
                   directory +
                       ": already open for writing, here or in another process; a store "
                       "has one writer at a time, close the other one first"};
    }
    return std::move(locked.error());
  }
  return DirectoryLock(std::move(*file));
}

}  // namespace millrace
