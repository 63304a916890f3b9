#if defined(__linux__)

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "core/paths.h"
#include "core/posix_commit.h"
#include "core/posix_system.h"
#include "core/system_error.h"

namespace millrace::posix {

namespace {

int target_of(const DurableWrite& write) noexcept { return static_cast<int>(write.file); }

Error failed(const char* call, const DurableWrite& write, SysErrno number) {
  return system_error(call, path_of(target_of(write)), number);
}

// Writes a whole range; `flags` as of pwritev2(2).
SysErrno write_all(const DurableWrite& write, int flags) noexcept {
  for (std::size_t done = 0; done < write.bytes.size();) {
    const iovec piece{const_cast<std::byte*>(write.bytes.data()) + done,  // only read from
                      write.bytes.size() - done};
    const ssize_t count =
        ::pwritev2(target_of(write), &piece, 1, static_cast<off_t>(write.at.bytes + done), flags);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

// A sync of each range by itself, all at the same time: the device merges most of the flushes.
Result<void> write_together(Crew& crew, std::span<const DurableWrite> writes) {
  std::vector<SysErrno> outcomes(writes.size());
  crew.run(writes.size(), [&](std::size_t i) { outcomes[i] = write_all(writes[i], RWF_DSYNC); });
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (outcomes[i] != 0) return failed("pwritev2", writes[i], outcomes[i]);
  }
  return {};
}

Result<void> sync_range(const DurableWrite& write, unsigned int flags) {
  int outcome = 0;
  do {
    outcome = ::sync_file_range(target_of(write), static_cast<off_t>(write.at.bytes),
                                static_cast<off_t>(write.bytes.size()), flags);
  } while (outcome != 0 && errno == EINTR);
  if (outcome == 0) return {};
  return failed("sync_file_range", write, errno);
}

// Flushes the device that a file is on, and writes nothing: a sync of the file itself would write
// its index, too. ext4 flushes for any file, so the folder will do, which seldom has anything new.
Result<void> flush_device(const DurableWrite& write) {
  struct stat file = {};
  struct stat folder = {};
  const std::string path = path_of(target_of(write));
  const int opened =
      ::open(std::string(parent_path(path)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // Whatever is in that place now.
  const bool beside = opened >= 0 && ::fstat(opened, &folder) == 0 &&
                      ::fstat(target_of(write), &file) == 0 && folder.st_dev == file.st_dev;
  SysErrno number = 0;
  do { number = sync_data(beside ? opened : target_of(write)); } while (number == EINTR);
  if (opened >= 0) ::close(opened);
  if (number == 0) return {};
  return failed("fdatasync", write, number);
}

// The ranges go to the device together, and one flush makes them all durable. The second round
// starts pages again that were on their way already, and dirtied since, and waits for all.
Result<void> write_behind_one_flush(std::span<const DurableWrite> writes) {
  for (const DurableWrite& write : writes) {
    if (write.begun) continue;
    if (const SysErrno number = write_all(write, 0); number != 0) {
      return failed("pwrite", write, number);
    }
    if (Result<void> begun = sync_range(write, SYNC_FILE_RANGE_WRITE); !begun) return begun;
  }
  constexpr unsigned int kWhole =
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  for (const DurableWrite& write : writes) {
    if (Result<void> done = sync_range(write, kWhole); !done) return done;
  }
  return flush_device(writes.back());
}

// Before 6.5, ext4 without a journal might skip the flush for a file that looks clean.
bool flushes_always() {
  utsname name{};
  if (::uname(&name) != 0) return false;
  int major = 0;
  int minor = 0;
  if (std::sscanf(name.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 6 || (major == 6 && minor >= 5);
}

// Whether the ext4 on this device sends flushes and overwrites data where it lies.
bool mount_overwrites(dev_t device) {
  const std::string link =
      "/sys/dev/block/" + std::to_string(major(device)) + ":" + std::to_string(minor(device));
  // It points to the device's folder, which has the device's name.
  std::array<char, PATH_MAX> target;
  const ssize_t bytes = ::readlink(link.c_str(), target.data(), target.size());
  if (bytes <= 0) return false;
  const std::string_view folder(target.data(), static_cast<std::size_t>(bytes));
  std::ifstream options("/proc/fs/ext4/" + std::string(file_name(folder)) + "/options");
  bool has_barrier = false;
  for (std::string line; std::getline(options, line);) {
    if (line == "barrier") has_barrier = true;
    if (line == "nobarrier" || line == "data=journal") return false;
  }
  return has_barrier;
}

// Up to where every block exists, holds written data, and belongs to this file alone.
std::uint64_t written_below(int descriptor, std::uint64_t bytes) {
  constexpr std::uint32_t kExtents = 64;
  constexpr std::uint32_t kHarmless = FIEMAP_EXTENT_LAST | FIEMAP_EXTENT_MERGED;
  std::vector<std::byte> memory(sizeof(fiemap) + kExtents * sizeof(fiemap_extent));
  std::uint64_t at = 0;
  while (at < bytes) {
    std::fill(memory.begin(), memory.end(), std::byte{0});
    auto* request = reinterpret_cast<fiemap*>(memory.data());
    request->fm_start = at;
    request->fm_length = bytes - at;
    request->fm_extent_count = kExtents;
    if (::ioctl(descriptor, FS_IOC_FIEMAP, request) != 0) return at;
    if (request->fm_mapped_extents == 0) return at;
    for (std::uint32_t i = 0; i < request->fm_mapped_extents; ++i) {
      const fiemap_extent& extent = request->fm_extents[i];
      if (extent.fe_logical > at || (extent.fe_flags & ~kHarmless) != 0) return at;
      at = extent.fe_logical + extent.fe_length;
    }
  }
  return bytes;
}

// A flush reaches one device.
bool on_one_device(std::span<const DurableWrite> writes) noexcept {
  struct stat first = {};
  if (::fstat(target_of(writes.front()), &first) != 0) return false;
  return std::all_of(writes.begin() + 1, writes.end(), [&](const DurableWrite& write) {
    struct stat status = {};
    return ::fstat(target_of(write), &status) == 0 && status.st_dev == first.st_dev;
  });
}

// The writes from `alone` on cannot share a flush, and do not keep those before from it.
Result<void> write_in_two_ways(Crew& crew, std::span<const DurableWrite> writes,
                               std::size_t alone) {
  Result<void> sharing;
  std::vector<SysErrno> outcomes(writes.size() - alone);
  crew.run(outcomes.size() + 1, [&](std::size_t i) {
    if (i == 0) {
      sharing = write_behind_one_flush(writes.first(alone));
    } else {
      outcomes[i - 1] = write_all(writes[alone + i - 1], RWF_DSYNC);
    }
  });
  if (!sharing) return sharing;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i] != 0) return failed("pwritev2", writes[alone + i], outcomes[i]);
  }
  return {};
}

}  // namespace

Result<void> write_durably(Crew& crew, std::span<const DurableWrite> writes) {
  if (writes.empty()) return {};
  std::vector<DurableWrite> sorted;  // those that share a flush, then those that do not
  sorted.reserve(writes.size());
  std::ranges::copy_if(writes, std::back_inserter(sorted), &DurableWrite::shares_flush);
  const std::size_t sharing = sorted.size();
  std::ranges::copy_if(writes, std::back_inserter(sorted),
                       [](const DurableWrite& write) { return !write.shares_flush; });
  if (sharing < 2 || !on_one_device(std::span(sorted).first(sharing))) {
    return write_together(crew, writes);
  }
  if (sharing == sorted.size()) return write_behind_one_flush(sorted);
  return write_in_two_ways(crew, sorted, sharing);
}

// A failure meets write_durably() again.
void begin_durable(const DurableWrite& write) noexcept {
  (void)::sync_file_range(target_of(write), static_cast<off_t>(write.at.bytes),
                          static_cast<off_t>(write.bytes.size()), SYNC_FILE_RANGE_WRITE);
}

Result<FileOffset> shares_flush_below(int descriptor) {
  struct statfs system = {};
  struct stat status = {};
  if (::fstatfs(descriptor, &system) != 0 || ::fstat(descriptor, &status) != 0) {
    return system_error("fstat", path_of(descriptor), errno);
  }
  if (static_cast<std::uint32_t>(system.f_type) != EXT4_SUPER_MAGIC) return FileOffset{0};
  if (!flushes_always() || !mount_overwrites(status.st_dev)) return FileOffset{0};
  return FileOffset{written_below(descriptor, static_cast<std::uint64_t>(status.st_size))};
}

}  // namespace millrace::posix

#endif
