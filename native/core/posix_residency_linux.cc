#if defined(__linux__)

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "core/guarded_copy.h"
#include "core/posix_residency.h"
#include "core/system_error.h"
#include "core/units.h"

namespace millrace::posix {

namespace {

constexpr int kCold = 20;          // MADV_COLD, since Linux 5.4; older headers lack both
constexpr int kPopulateRead = 22;  // MADV_POPULATE_READ, since Linux 5.14

bool has_small_pages() noexcept {
  static const bool small = ::sysconf(_SC_PAGESIZE) == static_cast<long>(kPageBytes);
  return small;
}

// For kernels that cannot be asked: a load from each page.
Result<void> touch(Bytes pages) {
  const bool touched = guarded([&]() noexcept {
    for (std::size_t at = 0; at < pages.size(); at += kPageBytes) {
      [[maybe_unused]] const std::byte volatile seen = pages[at];
    }
  });
  if (!touched) return system_error("load", "of a page", EIO);
  return {};
}

}  // namespace

// Of files that this process could not write, Linux says that all of them are in memory.
Result<void> residency(Bytes pages, std::span<std::uint8_t> resident) {
  if (!has_small_pages()) return system_error("mincore", "", ENOTSUP);
  if (::mincore(const_cast<std::byte*>(pages.data()), pages.size(), resident.data()) != 0) {
    return optional_feature_error("mincore", "", errno);
  }
  for (std::uint8_t& page : resident) page &= 1;
  return {};
}

Result<void> load(Bytes pages) {
  std::byte* const first = const_cast<std::byte*>(pages.data());
  if (::madvise(first, pages.size(), kPopulateRead) == 0) return {};
  if (errno == EINVAL || errno == ENOSYS) return touch(pages);
  return system_error("madvise", "to read pages", errno == EFAULT ? EIO : errno);
}

int cold_advice() noexcept { return kCold; }

}  // namespace millrace::posix

#endif
