#if defined(__APPLE__)

#include <cassert>

#include "core/shared_pages.h"

namespace millrace {

// POSIX has no memory without a name that can be mapped privately twice: everything is copied.
std::shared_ptr<const SharedPages> SharedPages::of(Bytes) noexcept { return nullptr; }

SharedPages::~SharedPages() = default;

bool SharedPages::lay_over(std::byte*) const noexcept {
  assert(false);  // there are none
  return false;
}

}  // namespace millrace

#endif
