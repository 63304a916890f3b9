#if defined(__APPLE__)

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/param.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "core/posix_system.h"
#include "core/system_error.h"
#include "core/units.h"

namespace millrace::posix {

std::string path_of(int descriptor) {
  std::array<char, MAXPATHLEN> path;
  if (::fcntl(descriptor, F_GETPATH, path.data()) == 0) return path.data();
  return "descriptor " + std::to_string(descriptor);
}

SysErrno reserve(int descriptor, std::uint64_t at, std::uint64_t bytes) noexcept {
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) return errno;
  const std::uint64_t end = at + bytes;
  if (end <= static_cast<std::uint64_t>(status.st_size)) return 0;
  fstore_t request = {};
  request.fst_flags = F_ALLOCATEALL;
  request.fst_posmode = F_PEOFPOSMODE;  // counts from the blocks the file has already
  request.fst_length = static_cast<off_t>(end) - status.st_size;
  if (::fcntl(descriptor, F_PREALLOCATE, &request) != 0) return errno;
  return ::ftruncate(descriptor, static_cast<off_t>(end)) == 0 ? 0 : errno;
}

SysErrno punch(int descriptor, std::uint64_t at, std::uint64_t bytes) noexcept {
  fpunchhole_t hole = {};
  hole.fp_offset = static_cast<off_t>(at);
  hole.fp_length = static_cast<off_t>(bytes);
  return ::fcntl(descriptor, F_PUNCHHOLE, &hole) == 0 ? 0 : errno;
}

// fsync stops at the drive's cache here.
SysErrno sync_data(int descriptor) noexcept {
  return ::fcntl(descriptor, F_FULLFSYNC) == 0 ? 0 : errno;
}

// msync(2) stops at the drive's cache, too.
SysErrno sync_pages(int descriptor, Bytes) noexcept { return sync_data(descriptor); }

SysErrno sync_directory(int descriptor) noexcept {
  return ::fcntl(descriptor, F_FULLFSYNC) == 0 ? 0 : errno;
}

// Only flock(2) itself would tell, by taking the lock.
Result<bool> is_locked(int descriptor) {
  return system_error("is_locked", path_of(descriptor), ENOTSUP);
}

// Nothing here says beforehand whether a page can be stored to.
Result<void> populate(MutableBytes) { return system_error("madvise", "to populate", ENOTSUP); }

int large_pages_advice() noexcept { return MADV_NORMAL; }

std::byte* allocate_pages(std::size_t bytes) noexcept {
  void* const pages =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
  return pages == MAP_FAILED ? nullptr : static_cast<std::byte*>(pages);
}

std::byte* grow_pages(std::byte* pages, std::size_t bytes, std::size_t new_bytes,
                      bool may_move) noexcept {
  if (!may_move) return nullptr;
  std::byte* const grown = allocate_pages(new_bytes);
  if (grown == nullptr) return nullptr;
  std::memcpy(grown, pages, bytes);
  release_pages(pages, bytes);
  return grown;
}

// MADV_DONTNEED keeps the content here: fresh pages are laid over the old ones.
void zero_pages(std::byte* pages, std::size_t bytes) noexcept {
  void* const fresh = ::mmap(pages, bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANON | MAP_NORESERVE | MAP_FIXED, -1, 0);
  if (fresh == MAP_FAILED) std::memset(pages, 0, bytes);
}

void release_pages(std::byte* pages, std::size_t bytes) noexcept { ::munmap(pages, bytes); }

// A shared futex exists since macOS 14.4 only and we build for older systems: looks again, soon at
// first, then less often.
Result<bool> wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) {
  constexpr std::uint64_t kPauseMinNs = 200'000;
  constexpr std::uint64_t kPauseMaxNs = 20'000'000;
  if (words.size() != 1) return optional_feature_error("futex", "of several words", ENOTSUP);
  const std::uint64_t begin_ns = monotonic_ns();
  for (std::uint64_t pause_ns = kPauseMinNs;; pause_ns = std::min(2 * pause_ns, kPauseMaxNs)) {
    // Pairs with the release of whoever changes the word before wake_all().
    if (words[0].word->load(std::memory_order_acquire) != words[0].expected) return true;
    if (monotonic_ns() - begin_ns >= timeout_ns) return false;
    const struct timespec pause = {0, static_cast<long>(pause_ns)};
    ::nanosleep(&pause, nullptr);
  }
}

Result<bool> wait_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                     std::uint64_t timeout_ms) {
  const WaitWord one{&word, expected};
  return wait_any({&one, 1}, timeout_ms * 1'000'000);
}

void wake_all(std::atomic<std::uint32_t>&) noexcept {}

Result<std::string> boot_id() {
  std::array<char, 64> text{};
  std::size_t bytes = text.size();
  if (::sysctlbyname("kern.bootsessionuuid", text.data(), &bytes, nullptr, 0) != 0) {
    return system_error("sysctl", "kern.bootsessionuuid", errno);
  }
  return id_of_uuid({text.data(), ::strnlen(text.data(), text.size())});
}

Result<void> random_bytes(MutableBytes into) {
  constexpr std::size_t kCallBytesMax = 256;
  while (!into.empty()) {
    const std::size_t count = std::min(into.size(), kCallBytesMax);
    if (::getentropy(into.data(), count) != 0) return system_error("getentropy", "", errno);
    into = into.subspan(count);
  }
  return {};
}

std::uint64_t monotonic_ns() noexcept { return ::clock_gettime_nsec_np(CLOCK_MONOTONIC); }

// APFS copies on write, and populate() would refuse anyway.
Result<bool> overwrites_in_place(const std::string& directory) {
  struct statfs status = {};
  if (::statfs(directory.c_str(), &status) != 0) return system_error("statfs", directory, errno);
  return false;
}

}  // namespace millrace::posix

#endif
