#include "core/mapped_write_probe.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/file.h"
#include "core/mapping.h"
#include "core/paths.h"

namespace millrace {
namespace {

constexpr std::size_t kProbeBytes = 64;
constexpr std::size_t kFileBytes = 2 * kPageBytes;

using Pattern = std::array<std::byte, kProbeBytes>;

Result<std::string> scratch_path(Env& env, const std::string& directory) {
  std::array<std::byte, 8> salt;
  if (Result<void> drawn = env.random_bytes(salt); !drawn) return std::move(drawn.error());
  return join_path(directory, "probe-" + std::to_string(load<std::uint64_t>(salt.data())) + ".tmp");
}

// What a missing or incoherent mapping looks like, as against a disk that is full.
Result<bool> refused(Error&& error) {
  if (error.code == Errc::kNoSpace) return std::move(error);
  return false;
}

Result<bool> is_coherent(File& file, const Pattern& pattern) {
  Result<Mapping> mapping = Mapping::map(file, {0}, kFileBytes, MapMode::kReadWrite);
  if (!mapping) return refused(std::move(mapping.error()));
  if (Result<void> ready = mapping->populate(0, kFileBytes); !ready) {
    return refused(std::move(ready.error()));
  }
  // First page: stored through the mapping, read back by a call. Second page: the other way.
  const MutableBytes pages = mapping->bytes();
  std::memcpy(pages.data(), pattern.data(), pattern.size());
  mapping->stored(pages.first(pattern.size()));
  Pattern read_back{};
  if (Result<void> read = file.read_exactly(read_back, {0}); !read) {
    return std::move(read.error());
  }
  if (read_back != pattern) return false;
  if (Result<void> written = file.write_all(pattern, {kPageBytes}); !written) {
    return std::move(written.error());
  }
  return std::ranges::equal(pages.subspan(kPageBytes, pattern.size()), pattern);
}

}  // namespace

Result<bool> probe_mapped_writes(Env& env, const std::string& directory) {
  Result<std::string> path = scratch_path(env, directory);
  if (!path) return std::move(path.error());
  Result<File> file = File::open(env, *path, OpenMode::kCreate);
  if (!file) return std::move(file.error());
  // The name goes first, so that no ending of this process leaves it behind.
  if (Result<void> unlinked = env.unlink(*path); !unlinked) return std::move(unlinked.error());
  if (Result<void> sized = file->resize(kFileBytes); !sized) return std::move(sized.error());
  Pattern pattern;
  if (Result<void> drawn = env.random_bytes(pattern); !drawn) return std::move(drawn.error());
  return is_coherent(*file, pattern);
}

}  // namespace millrace
