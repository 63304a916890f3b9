#include "core/write_in_turn.h"

#include <cerrno>
#include <cstddef>

#include "core/uninterrupted.h"

namespace millrace {

Result<void> write_whole(Env& env, const DurableWrite& write) {
  for (std::size_t done = 0; done < write.bytes.size();) {
    const Result<std::size_t> count = uninterrupted(
        [&] { return env.pwrite(write.file, write.bytes.subspan(done), {write.at.bytes + done}); });
    if (!count) return count.error();
    if (*count == 0)
      return Error{Errc::kIo, EIO, "a write made no progress", write.at.bytes + done};
    done += *count;
  }
  return {};
}

Result<void> write_in_turn(Env& env, std::span<const DurableWrite> writes) {
  for (const DurableWrite& write : writes) {
    if (Result<void> written = write_whole(env, write); !written) return written;
  }
  for (const DurableWrite& write : writes) {
    Result<void> synced = uninterrupted([&] { return env.sync_data(write.file); });
    if (!synced) return synced;
  }
  return {};
}

}  // namespace millrace
