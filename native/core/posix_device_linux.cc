#if defined(__linux__)

#include <fcntl.h>

#include <cerrno>

#include "core/posix_device.h"

namespace millrace::posix {

// EINVAL: a file system whose cache is the device (tmpfs, before Linux 6.6), or one that has no
// such way.
int open_device(const char* path, int flags) noexcept {
  const int direct = ::open(path, flags | O_DIRECT);
  if (direct >= 0 || errno != EINVAL) return direct;
  const int cached = ::open(path, flags);
  if (cached >= 0) (void)::posix_fadvise(cached, 0, 0, POSIX_FADV_DONTNEED);
  return cached;
}

}  // namespace millrace::posix

#endif
