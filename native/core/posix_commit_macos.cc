#if defined(__APPLE__)

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/posix_commit.h"
#include "core/posix_system.h"
#include "core/system_error.h"

namespace millrace::posix {

namespace {

Result<void> write_all(const DurableWrite& write) {
  const int descriptor = static_cast<int>(write.file);
  for (std::size_t done = 0; done < write.bytes.size();) {
    const ssize_t count = ::pwrite(descriptor, write.bytes.data() + done, write.bytes.size() - done,
                                   static_cast<off_t>(write.at.bytes + done));
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      return system_error("pwrite", path_of(descriptor), errno);
    }
  }
  int outcome = 0;
  do { outcome = ::fsync(descriptor); } while (outcome != 0 && errno == EINTR);
  if (outcome == 0) return {};
  return system_error("fsync", path_of(descriptor), errno);
}

}  // namespace

// fsync hands each file's bytes to the drive; one F_FULLFSYNC flushes the drive for all of them.
Result<void> write_durably(Crew&, std::span<const DurableWrite> writes) {
  for (const DurableWrite& write : writes) {
    if (Result<void> written = write_all(write); !written) return written;
  }
  if (writes.empty()) return {};
  const int last = static_cast<int>(writes.back().file);
  SysErrno failed = 0;
  do { failed = sync_data(last); } while (failed == EINTR);
  if (failed == 0) return {};
  return system_error("fcntl(F_FULLFSYNC)", path_of(last), failed);
}

void begin_durable(const DurableWrite&) noexcept {}

Result<FileOffset> shares_flush_below(int) { return FileOffset{0}; }

}  // namespace millrace::posix

#endif
