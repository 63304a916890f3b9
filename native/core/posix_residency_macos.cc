#if defined(__APPLE__)

#include <sys/mman.h>

#include <cerrno>

#include "core/posix_residency.h"
#include "core/system_error.h"

namespace millrace::posix {

// mincore(2) of macOS tells of the pages that this process has touched, not of the page cache.
Result<void> residency(Bytes, std::span<std::uint8_t>) {
  return system_error("mincore", "", ENOTSUP);
}

Result<void> load(Bytes) { return {}; }

int cold_advice() noexcept { return MADV_NORMAL; }

}  // namespace millrace::posix

#endif
