#if !defined(_WIN32)

#include "core/env_posix.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "core/mapped_write_probe.h"
#include "core/posix_commit.h"
#include "core/posix_device.h"
#include "core/posix_residency.h"
#include "core/posix_system.h"
#include "core/system_error.h"

namespace millrace {
namespace {

// More pieces than this in one gather write become a short write, which File continues.
constexpr std::size_t kPiecesMax = 128;

constexpr int kFileMode = 0666;  // the process's umask decides, as for any file
constexpr int kDirectoryMode = 0777;

int descriptor_of(FileId file) noexcept { return static_cast<int>(file); }

Error file_error(const char* call, FileId file, int sys_errno) {
  return system_error(call, posix::path_of(descriptor_of(file)), sys_errno);
}

// O_NONBLOCK: somebody may have put a pipe where a file should be, and opening it would wait for
// its other end. Files do not care.
constexpr int kOpenFlags = O_CLOEXEC | O_NONBLOCK;

int open_flags(OpenMode mode) noexcept {
  switch (mode) {
    case OpenMode::kRead:
    case OpenMode::kReadDevice:
      return O_RDONLY | kOpenFlags;
    case OpenMode::kReadWrite:
      return O_RDWR | kOpenFlags;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | kOpenFlags;
    case OpenMode::kCreateEmpty:
      return O_RDWR | O_CREAT | O_TRUNC | kOpenFlags;
  }
  return O_RDONLY | kOpenFlags;
}

int advice_of(AdviseMode mode) noexcept {
  switch (mode) {
    case AdviseMode::kSequential:
      return MADV_SEQUENTIAL;
    case AdviseMode::kRandom:
      return MADV_RANDOM;
    case AdviseMode::kWillNeed:
      return MADV_WILLNEED;
    case AdviseMode::kDontNeed:
      return MADV_DONTNEED;
    case AdviseMode::kCold:
      return posix::cold_advice();
    case AdviseMode::kLargePages:
      return posix::large_pages_advice();
  }
  return MADV_NORMAL;
}

// Runs a sync, which answers 0 or an errno, and counts it. One that a signal interrupted is made
// again, and counts then.
template <typename Sync>
int counted(SyncTimes& times, Sync sync) {
  const std::uint64_t began_ns = posix::monotonic_ns();
  const int failed = sync();
  if (failed != EINTR) times.add(posix::monotonic_ns() - began_ns, failed == 0);
  return failed;
}

struct DirectoryCloser {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

bool is_directory_entry(DIR* directory, const dirent& entry) noexcept {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status = {};  // some file systems do not say
  return ::fstatat(::dirfd(directory), entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

}  // namespace

Result<FileId> EnvPosix::open(const std::string& path, OpenMode mode) {
  const int flags = open_flags(mode);
  const int descriptor = mode == OpenMode::kReadDevice ? posix::open_device(path.c_str(), flags)
                                                       : ::open(path.c_str(), flags, kFileMode);
  if (descriptor < 0) return system_error("open", path, errno);
  return FileId{descriptor};
}

void EnvPosix::close(FileId file) noexcept {
  // Never repeated: the descriptor is gone even when the call reports an interruption.
  ::close(descriptor_of(file));
}

Result<std::size_t> EnvPosix::pread(FileId file, MutableBytes into, FileOffset at) {
  const ssize_t count =
      ::pread(descriptor_of(file), into.data(), into.size(), static_cast<off_t>(at.bytes));
  if (count < 0) return file_error("pread", file, errno);
  return static_cast<std::size_t>(count);
}

Result<std::size_t> EnvPosix::pwrite(FileId file, Bytes from, FileOffset at) {
  const ssize_t count =
      ::pwrite(descriptor_of(file), from.data(), from.size(), static_cast<off_t>(at.bytes));
  if (count < 0) return file_error("pwrite", file, errno);
  return static_cast<std::size_t>(count);
}

Result<std::size_t> EnvPosix::pwritev(FileId file, std::span<const Bytes> from, FileOffset at) {
  std::array<iovec, kPiecesMax> pieces;
  const std::size_t piece_count = std::min(from.size(), pieces.size());
  for (std::size_t i = 0; i < piece_count; ++i) {
    pieces[i] = {const_cast<std::byte*>(from[i].data()), from[i].size()};  // only read from
  }
  const ssize_t count = ::pwritev(descriptor_of(file), pieces.data(), static_cast<int>(piece_count),
                                  static_cast<off_t>(at.bytes));
  if (count < 0) return file_error("pwritev", file, errno);
  return static_cast<std::size_t>(count);
}

Result<std::uint64_t> EnvPosix::file_bytes(FileId file) {
  struct stat status = {};
  if (::fstat(descriptor_of(file), &status) != 0) return file_error("fstat", file, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::uint64_t> EnvPosix::allocated_bytes(FileId file) {
  constexpr std::uint64_t kBlockBytes = 512;  // the unit of st_blocks, whatever the file system's
  struct stat status = {};
  if (::fstat(descriptor_of(file), &status) != 0) return file_error("fstat", file, errno);
  return static_cast<std::uint64_t>(status.st_blocks) * kBlockBytes;
}

Result<void> EnvPosix::resize(FileId file, std::uint64_t bytes) {
  if (::ftruncate(descriptor_of(file), static_cast<off_t>(bytes)) == 0) return {};
  return file_error("ftruncate", file, errno);
}

Result<void> EnvPosix::reserve(FileId file, FileOffset at, std::uint64_t bytes) {
  if (bytes == 0) return {};
  const int failed = posix::reserve(descriptor_of(file), at.bytes, bytes);
  if (failed == 0) return {};
  return optional_feature_error("fallocate", posix::path_of(descriptor_of(file)), failed);
}

Result<void> EnvPosix::punch(FileId file, FileOffset at, std::uint64_t bytes) {
  if (bytes == 0) return {};
  const int failed = posix::punch(descriptor_of(file), at.bytes, bytes);
  if (failed == 0) return {};
  return optional_feature_error("punch", posix::path_of(descriptor_of(file)), failed);
}

Result<void> EnvPosix::sync_data(FileId file) {
  const int failed = counted(sync_times_, [&] { return posix::sync_data(descriptor_of(file)); });
  if (failed == 0) return {};
  return file_error("fdatasync", file, failed);
}

Result<void> EnvPosix::sync_pages(FileId file, FileOffset, Bytes pages) {
  const int failed =
      counted(sync_times_, [&] { return posix::sync_pages(descriptor_of(file), pages); });
  if (failed == 0) return {};
  return file_error("msync", file, failed);
}

Result<void> EnvPosix::write_durably(std::span<const DurableWrite> writes) {
  if (writes.empty()) return {};
  Result<void> written;
  (void)counted(sync_times_, [&] {
    written = posix::write_durably(crew_, writes);
    return written ? 0 : written.error().sys_errno;
  });
  return written;
}

void EnvPosix::begin_durable(const DurableWrite& write) noexcept { posix::begin_durable(write); }

Result<FileOffset> EnvPosix::shares_flush_below(FileId file) {
  return posix::shares_flush_below(descriptor_of(file));
}

Result<std::vector<DirectoryEntry>> EnvPosix::list(const std::string& directory) {
  const std::unique_ptr<DIR, DirectoryCloser> stream(::opendir(directory.c_str()));
  if (stream == nullptr) return system_error("opendir", directory, errno);
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;  // readdir returns null both at the end and when it fails
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) return system_error("readdir", directory, errno);
    if (entry == nullptr) return entries;
    std::string name(entry->d_name);
    if (name == "." || name == "..") continue;
    entries.push_back({std::move(name), is_directory_entry(stream.get(), *entry)});
  }
}

Result<bool> EnvPosix::exists(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return system_error("stat", path, errno);
}

Result<void> EnvPosix::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) == 0) return {};
  if (errno != EEXIST) return system_error("mkdir", path, errno);
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return system_error("stat", path, errno);
  if (S_ISDIR(status.st_mode)) return {};
  return system_error("mkdir", path, ENOTDIR);
}

Result<void> EnvPosix::remove_directory(const std::string& path) {
  if (::rmdir(path.c_str()) == 0) return {};
  return system_error("rmdir", path, errno);
}

Result<void> EnvPosix::rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return system_error("rename", from + " to " + to, errno);
}

Result<void> EnvPosix::unlink(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return {};
  return system_error("unlink", path, errno);
}

Result<void> EnvPosix::sync_directory(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error("open", path, errno);
  const int failed = counted(sync_times_, [&] { return posix::sync_directory(descriptor); });
  ::close(descriptor);
  if (failed == 0) return {};
  return optional_feature_error("fsync", path, failed);
}

Result<void> EnvPosix::lock_exclusive(FileId file) {
  if (::flock(descriptor_of(file), LOCK_EX | LOCK_NB) == 0) return {};
  Error error = file_error("flock", file, errno);
  if (error.sys_errno == EWOULDBLOCK) error.code = Errc::kBusy;
  return error;
}

Result<bool> EnvPosix::is_locked(FileId file) { return posix::is_locked(descriptor_of(file)); }

Result<MutableBytes> EnvPosix::map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) {
  const int protection = mode == MapMode::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
  // Without a reservation: private pages that nobody stores to take no memory.
  const int sharing = mode == MapMode::kPrivate ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED;
  void* address = ::mmap(nullptr, bytes, protection, sharing, descriptor_of(file),
                         static_cast<off_t>(at.bytes));
  if (address == MAP_FAILED) return file_error("mmap", file, errno);
  return MutableBytes(static_cast<std::byte*>(address), bytes);
}

void EnvPosix::unmap(MutableBytes mapping) noexcept { ::munmap(mapping.data(), mapping.size()); }

Result<void> EnvPosix::populate(MutableBytes pages) { return posix::populate(pages); }

void EnvPosix::advise(Bytes pages, AdviseMode mode) noexcept {
  ::madvise(const_cast<std::byte*>(pages.data()), pages.size(), advice_of(mode));
}

Result<void> EnvPosix::residency(Bytes pages, std::span<std::uint8_t> resident) {
  return posix::residency(pages, resident);
}

Result<void> EnvPosix::load(Bytes pages) { return posix::load(pages); }

Result<bool> EnvPosix::wait_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                               std::uint64_t timeout_ms) {
  return posix::wait_on(word, expected, timeout_ms);
}

Result<bool> EnvPosix::wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) {
  return posix::wait_any(words, timeout_ns);
}

void EnvPosix::wake_all(std::atomic<std::uint32_t>& word) noexcept { posix::wake_all(word); }

Result<std::string> EnvPosix::boot_id() { return posix::boot_id(); }

std::uint64_t EnvPosix::monotonic_ns() noexcept { return posix::monotonic_ns(); }

Result<void> EnvPosix::random_bytes(MutableBytes into) { return posix::random_bytes(into); }

Result<bool> EnvPosix::supports_mapped_writes(const std::string& directory) {
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  if (page_bytes < 0 || static_cast<std::size_t>(page_bytes) > kPageBytes) return false;
  Result<bool> in_place = posix::overwrites_in_place(directory);
  if (!in_place || !*in_place) return in_place;
  return probe_mapped_writes(*this, directory);
}

}  // namespace millrace

#endif
