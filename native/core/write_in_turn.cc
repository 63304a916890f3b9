#include "core/write_in_turn.h"

#include <cerrno>
#include <cstddef>

namespace millrace {

Result<void> write_whole(Env& env, const DurableWrite& write) {
  for (std::size_t done = 0; done < write.bytes.size();) {
    const Result<std::size_t> count =
        env.pwrite(write.file, write.bytes.subspan(done), {write.at.bytes + done});
    if (count) {
      done += *count;
    } else if (count.error().sys_errno != EINTR) {
      return count.error();
    }
  }
  return {};
}

Result<void> write_in_turn(Env& env, std::span<const DurableWrite> writes) {
  for (const DurableWrite& write : writes) {
    if (Result<void> written = write_whole(env, write); !written) return written;
  }
  for (const DurableWrite& write : writes) {
    if (Result<void> synced = env.sync_data(write.file); !synced) return synced;
  }
  return {};
}

}  // namespace millrace
