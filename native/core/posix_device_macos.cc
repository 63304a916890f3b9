#if defined(__APPLE__)

#include <fcntl.h>

#include "core/posix_device.h"

namespace millrace::posix {

// Reads bring nothing into the cache; what is there already, they may still find there.
int open_device(const char* path, int flags) noexcept {
  const int descriptor = ::open(path, flags);
  if (descriptor >= 0) (void)::fcntl(descriptor, F_NOCACHE, 1);
  return descriptor;
}

}  // namespace millrace::posix

#endif
