#if defined(__linux__)

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <climits>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>

#include "core/paths.h"
#include "core/posix_system.h"
#include "core/system_error.h"
#include "core/units.h"

namespace millrace::posix {
namespace {

#if defined(MADV_POPULATE_WRITE)
constexpr int kPopulateWrite = MADV_POPULATE_WRITE;
#else
constexpr int kPopulateWrite = 23;  // Linux 5.14; the C library's headers may be older
#endif

// futex_waitv(2), Linux 5.16: the C library's headers may be older. The numbers are those of every
// architecture.
constexpr long kFutexWaitv = 449;
constexpr std::uint32_t kFutex32 = 2;
struct FutexWaiter {
  std::uint64_t expected;
  std::uint64_t address;
  std::uint32_t flags;
  std::uint32_t reserved;
};
struct KernelTimespec {
  std::int64_t seconds;
  std::int64_t nanoseconds;
};

constexpr std::size_t kHugePageBytes = 2 * kMiB;

struct FileCloser {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using TextFile = std::unique_ptr<std::FILE, FileCloser>;

// The file behind an address of this process, as /proc/self/maps tells it.
struct MappedFile {
  std::string path;
  std::uint64_t inode;
  std::uint64_t offset_bytes;  // of the address in the file
};

std::optional<MappedFile> file_mapped_at(const std::byte* address) {
  const TextFile maps(std::fopen("/proc/self/maps", "re"));
  if (maps == nullptr) return std::nullopt;
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::array<char, PATH_MAX + 256> line;
  while (std::fgets(line.data(), static_cast<int>(line.size()), maps.get()) != nullptr) {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t offset_bytes = 0;
    std::uint64_t inode = 0;
    int path_at = 0;
    const int fields =
        std::sscanf(line.data(), "%" SCNx64 "-%" SCNx64 " %*4s %" SCNx64 " %*s %" SCNu64 " %n",
                    &begin, &end, &offset_bytes, &inode, &path_at);
    if (fields != 4 || wanted < begin || wanted >= end) continue;
    std::string path(line.data() + path_at);
    while (!path.empty() && path.back() == '\n') path.pop_back();
    return MappedFile{std::move(path), inode, offset_bytes + (wanted - begin)};
  }
  return std::nullopt;
}

// Whether the file ends before `bytes` bytes of it from the mapped place; false when it was
// renamed or removed meanwhile.
bool is_truncated(const MappedFile& file, std::uint64_t bytes) noexcept {
  struct stat status = {};
  if (::stat(file.path.c_str(), &status) != 0 || status.st_ino != file.inode) return false;
  const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
  const std::uint64_t page_end = align_up(file_bytes, std::uint64_t{kPageBytes});
  return page_end < file.offset_bytes || page_end - file.offset_bytes < bytes;
}

// Whether the file system has too little left for `bytes`. A file system keeps some blocks for
// itself, so "too little" begins a little above nothing.
bool is_nearly_full(const MappedFile& file, std::uint64_t bytes) {
  struct statvfs space = {};
  const std::string directory(parent_path(file.path));  // there even when the file was unlinked
  if (::statvfs(directory.c_str(), &space) != 0) return false;
  const std::uint64_t free_bytes = std::uint64_t{space.f_bavail} * space.f_frsize;
  return free_bytes < bytes + kMiB;
}

// The kernel says only that a store would have raised SIGBUS: finds out why.
Error why_unpopulated(MutableBytes pages) {
  const std::optional<MappedFile> file = file_mapped_at(pages.data());
  if (!file) return system_error("madvise", "of an unknown mapping", EFAULT);
  if (is_truncated(*file, pages.size())) {
    return {Errc::kIo, EFAULT, "madvise " + file->path + ": the file was truncated", 0};
  }
  if (is_nearly_full(*file, pages.size())) return system_error("madvise", file->path, ENOSPC);
  return system_error("madvise", file->path, EIO);
}

// The outcome of a futex call that sleeps.
Result<bool> slept(long outcome) {
  if (outcome >= 0) return true;
  switch (errno) {
    case ETIMEDOUT:
      return false;
    case EAGAIN:  // a word no longer holds what was expected
    case EINTR:
      return true;
    default:
      return optional_feature_error("futex", "wait", errno);
  }
}

}  // namespace

std::string path_of(int descriptor) {
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  std::array<char, PATH_MAX> path;
  const ssize_t bytes = ::readlink(link.c_str(), path.data(), path.size());
  if (bytes < 0) return "descriptor " + std::to_string(descriptor);
  return {path.data(), static_cast<std::size_t>(bytes)};
}

SysErrno reserve(int descriptor, std::uint64_t at, std::uint64_t bytes) noexcept {
  const int failed = ::fallocate(descriptor, 0, static_cast<off_t>(at), static_cast<off_t>(bytes));
  return failed == 0 ? 0 : errno;
}

SysErrno punch(int descriptor, std::uint64_t at, std::uint64_t bytes) noexcept {
  const int failed = ::fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                 static_cast<off_t>(at), static_cast<off_t>(bytes));
  return failed == 0 ? 0 : errno;
}

SysErrno sync_data(int descriptor) noexcept { return ::fdatasync(descriptor) == 0 ? 0 : errno; }

// msync(2) is fdatasync(2) of a range, by way of a mapping.
SysErrno sync_pages(int, Bytes pages) noexcept {
  void* const begin = const_cast<std::byte*>(pages.data());
  return ::msync(begin, pages.size(), MS_SYNC) == 0 ? 0 : errno;
}

SysErrno sync_directory(int descriptor) noexcept { return ::fsync(descriptor) == 0 ? 0 : errno; }

// Asking flock(2) itself would take the lock for a moment, in which a writer would be refused.
Result<bool> is_locked(int descriptor) {
  constexpr const char* kPath = "/proc/locks";
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) {
    return system_error("fstat", path_of(descriptor), errno);
  }
  const TextFile locks(std::fopen(kPath, "re"));
  if (locks == nullptr) return optional_feature_error("open", kPath, ENOTSUP);
  std::array<char, 256> line;
  while (std::fgets(line.data(), static_cast<int>(line.size()), locks.get()) != nullptr) {
    unsigned major_number = 0;
    unsigned minor_number = 0;
    std::uint64_t inode = 0;
    // "4: FLOCK  ADVISORY  WRITE 1234 fe:01:131090 0 EOF"; waiters have "->" before FLOCK.
    const int fields = std::sscanf(line.data(), "%*d: FLOCK %*s WRITE %*d %x:%x:%" SCNu64,
                                   &major_number, &minor_number, &inode);
    const bool same = fields == 3 && inode == status.st_ino &&
                      makedev(major_number, minor_number) == status.st_dev;
    if (same) return true;
  }
  return false;
}

Result<void> populate(MutableBytes pages) {
  if (::madvise(pages.data(), pages.size(), kPopulateWrite) == 0) return {};
  if (errno == EFAULT) return why_unpopulated(pages);
  return optional_feature_error("madvise", "to populate", errno);
}

int large_pages_advice() noexcept { return MADV_HUGEPAGE; }

std::byte* allocate_pages(std::size_t bytes) noexcept {
  void* const pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  // Neighbouring small areas merge; a huge page laid over them would make the first touch of one
  // file pay for hundreds.
  if (bytes < kHugePageBytes) ::madvise(pages, bytes, MADV_NOHUGEPAGE);
  return static_cast<std::byte*>(pages);
}

std::byte* grow_pages(std::byte* pages, std::size_t bytes, std::size_t new_bytes,
                      bool may_move) noexcept {
  void* const grown = ::mremap(pages, bytes, new_bytes, may_move ? MREMAP_MAYMOVE : 0);
  return grown == MAP_FAILED ? nullptr : static_cast<std::byte*>(grown);
}

void zero_pages(std::byte* pages, std::size_t bytes) noexcept {
  if (::madvise(pages, bytes, MADV_DONTNEED) != 0) std::memset(pages, 0, bytes);  // locked memory
}

void release_pages(std::byte* pages, std::size_t bytes) noexcept { ::munmap(pages, bytes); }

Result<bool> wait_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                     std::uint64_t timeout_ms) {
  const WaitWord one{&word, expected};
  return wait_any({&one, 1}, timeout_ms * 1'000'000);
}

Result<bool> wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) {
  static_assert(sizeof(std::atomic<std::uint32_t>) == 4 &&
                std::atomic<std::uint32_t>::is_always_lock_free);
  // Never FUTEX_PRIVATE: a word may be mapped by other processes too.
  if (words.size() == 1) {
    struct timespec timeout = {};
    timeout.tv_sec = static_cast<std::time_t>(timeout_ns / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(timeout_ns % 1'000'000'000);
    return slept(
        ::syscall(SYS_futex, words[0].word, FUTEX_WAIT, words[0].expected, &timeout, nullptr, 0));
  }
  if (words.size() > kWaitWordsMax) return optional_feature_error("futex_waitv", "", ENOSYS);
  std::array<FutexWaiter, kWaitWordsMax> waiters{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    waiters[i] = {words[i].expected, reinterpret_cast<std::uintptr_t>(words[i].word), kFutex32, 0};
  }
  const std::uint64_t until_ns = monotonic_ns() + timeout_ns;
  const KernelTimespec until{static_cast<std::int64_t>(until_ns / 1'000'000'000),
                             static_cast<std::int64_t>(until_ns % 1'000'000'000)};
  return slept(::syscall(kFutexWaitv, waiters.data(), static_cast<unsigned>(words.size()), 0U,
                         &until, CLOCK_MONOTONIC));
}

void wake_all(std::atomic<std::uint32_t>& word) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

Result<std::string> boot_id() {
  constexpr const char* kPath = "/proc/sys/kernel/random/boot_id";
  const TextFile file(std::fopen(kPath, "re"));
  if (file == nullptr) return system_error("open", kPath, errno);
  std::array<char, 64> text{};
  if (std::fgets(text.data(), static_cast<int>(text.size()), file.get()) == nullptr) {
    return system_error("read", kPath, errno);
  }
  return id_of_uuid({text.data(), std::strcspn(text.data(), "\n")});
}

Result<void> random_bytes(MutableBytes into) {
  while (!into.empty()) {
    const ssize_t count = ::getrandom(into.data(), into.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("getrandom", "", errno);
    into = into.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

std::uint64_t monotonic_ns() noexcept {
  struct timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

Result<bool> overwrites_in_place(const std::string& directory) {
  struct statfs status = {};
  if (::statfs(directory.c_str(), &status) != 0) {
    return system_error("statfs", directory, errno);
  }
  switch (static_cast<std::uint32_t>(status.f_type)) {
    case 0x6969:      // NFS
    case 0x517B:      // SMB
    case 0xFF534D42:  // CIFS
    case 0xFE534D42:  // SMB 2 and later
    case 0x01021997:  // 9P: shares of virtual machines
    case 0x65735546:  // FUSE, and virtiofs, which reports the same
    case 0x00C36400:  // Ceph
    case 0x5346414F:  // AFS
    case 0x73757245:  // Coda
    case 0x0BD00BD0:  // Lustre
    case 0x47504653:  // GPFS
    case 0x01161970:  // GFS2
    case 0x7461636F:  // OCFS2
    case 0x786F4256:  // folders shared by VirtualBox
    case 0xBACBACBC:  // folders shared by VMware
    case 0x9123683E:  // btrfs: copies on write, so does every file system below
    case 0x2FC12FC1:  // ZFS
    case 0xCA451A4E:  // bcachefs
      return false;
    default:
      return true;
  }
}

}  // namespace millrace::posix

#endif
