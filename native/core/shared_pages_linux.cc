#if defined(__linux__)

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "core/shared_pages.h"

namespace millrace {
namespace {

bool write_pages(int descriptor, Bytes from) noexcept {
  while (!from.empty()) {
    const ssize_t written = ::write(descriptor, from.data(), from.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    from = from.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::shared_ptr<const SharedPages> SharedPages::of(Bytes pages) noexcept {
  const int descriptor = ::memfd_create("millrace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return nullptr;
  // Sealed, so that nobody can change what others have mapped; a kernel that cannot seal only lacks
  // that proof.
  const bool written = write_pages(descriptor, pages);
  if (written) ::fcntl(descriptor, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
  const auto* made = written ? new (std::nothrow) SharedPages(descriptor, pages.size()) : nullptr;
  if (made == nullptr) ::close(descriptor);
  return std::shared_ptr<const SharedPages>(made);
}

SharedPages::~SharedPages() { ::close(descriptor_); }

bool SharedPages::lay_over(std::byte* address) const noexcept {
  return ::mmap(address, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                descriptor_, 0) != MAP_FAILED;
}

}  // namespace millrace

#endif
