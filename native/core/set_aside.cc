#include "core/set_aside.h"

#include <algorithm>
#include <vector>

#include "core/file.h"
#include "core/paths.h"
#include "core/sparse_write.h"
#include "core/sync_directory.h"
#include "core/unfinished_file.h"

namespace millrace {

namespace {

constexpr const char* kQuarantine = "quarantine";
constexpr std::size_t kCopyBytes = 1 * kMiB;

Result<std::string> free_path(Env& env, const std::string& directory, const std::string& name) {
  const std::string quarantine = join_path(directory, kQuarantine);
  if (Result<void> made = env.make_directory(quarantine); !made) return made.error();
  for (std::uint64_t number = 0;; ++number) {
    const std::string suffix = number == 0 ? "" : "." + std::to_string(number);
    std::string path = join_path(quarantine, name + suffix);
    Result<bool> taken = env.exists(path);
    if (!taken) return taken.error();
    if (!*taken) return path;
  }
}

Result<void> copy_file(Env& env, const std::string& from, const std::string& to) {
  Result<File> source = File::open(env, from, OpenMode::kRead);
  if (!source) return source.error();
  Result<std::uint64_t> bytes = source->bytes();
  if (!bytes) return bytes.error();
  Result<File> copy = File::create_anew(env, to);
  if (!copy) return copy.error();
  if (Result<void> sized = copy->resize(*bytes); !sized) return sized;
  std::vector<std::byte> buffer(kCopyBytes);
  for (FileOffset at; at.bytes < *bytes;) {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), *bytes - at.bytes);
    const MutableBytes piece = MutableBytes(buffer).first(wanted);
    if (Result<void> read = source->read_exactly(piece, at); !read) return read;
    if (Result<void> written = write_sparsely(*copy, piece, at); !written) return written;
    at.bytes += piece.size();
  }
  return copy->sync_data();
}

}  // namespace

Result<std::string> move_aside(Env& env, const std::string& directory, const std::string& name) {
  Result<std::string> to = free_path(env, directory, name);
  if (!to) return to;
  if (Result<void> moved = env.rename(join_path(directory, name), *to); !moved) {
    return moved.error();
  }
  return to;
}

Result<std::string> copy_aside(Env& env, const std::string& directory, const std::string& name) {
  Result<std::string> to = free_path(env, directory, name);
  if (!to) return to;
  // Under its name only once it is whole: a copy that was interrupted is none.
  UnfinishedFile unfinished(env, join_path(directory, "aside.tmp"));
  if (Result<void> copied = copy_file(env, join_path(directory, name), unfinished.path());
      !copied) {
    return copied.error();
  }
  if (Result<void> named = unfinished.name(*to); !named) return named.error();
  const std::string quarantine(parent_path(*to));
  if (Result<void> synced = sync_directory(env, quarantine); !synced) return synced.error();
  if (Result<void> synced = sync_directory(env, directory); !synced) return synced.error();
  return to;
}

}  // namespace millrace
