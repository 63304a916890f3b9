#include "crash/disk_image.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "core/file.h"

namespace millrace::crash {

namespace {

// FNV-1a over words: fast enough for every state, and no state is trusted to it.
class Hash {
 public:
  void add(std::uint64_t word) noexcept { value_ = (value_ ^ word) * 0x100000001b3; }
  void add(std::string_view text) noexcept {
    for (const char c : text) add(static_cast<std::uint64_t>(c));
    add(text.size());
  }
  void add(const Sector& sector) noexcept {
    for (std::size_t at = 0; at < sector.size(); at += sizeof(std::uint64_t)) {
      add(load<std::uint64_t>(sector.data() + at));
    }
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

std::optional<std::string> moved(const std::string& path, const std::string& from,
                                 const std::string& to) {
  if (from.empty()) return path;
  if (path == from) return to;
  if (!path.starts_with(from + '/')) return std::nullopt;
  return to + path.substr(from.size());
}

Result<void> put_file(Env& env, const std::string& path, const FileImage& image) {
  Result<File> file = File::open(env, path, OpenMode::kCreate);
  if (!file) return file.error();
  if (image.bytes > 0) {
    if (Result<void> sized = file->resize(image.bytes); !sized) return sized;
  }
  // Neighbours in one call: a segment has thousands.
  std::vector<std::byte> run;
  for (std::size_t i = 0; i < image.sectors.size(); ++i) {
    const auto& [number, sector] = image.sectors[i];
    const std::uint64_t at = number * kSectorBytes;
    const std::uint64_t bytes = std::min<std::uint64_t>(kSectorBytes, image.bytes - at);
    const Sector& from = content(sector);
    run.insert(run.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(bytes));
    const bool goes_on = i + 1 < image.sectors.size() && image.sectors[i + 1].first == number + 1;
    if (goes_on) continue;
    const FileOffset start{at + bytes - run.size()};
    if (Result<void> written = file->write_all(run, start); !written) return written;
    run.clear();
  }
  return {};
}

}  // namespace

std::uint64_t DiskImage::hash() const noexcept {
  Hash hash;
  for (const std::string& directory : directories) hash.add(directory);
  for (const auto& [path, file] : files) {
    hash.add(path);
    hash.add(file.bytes);
    for (const auto& [number, sector] : file.sectors) {
      const Sector& bytes = content(sector);
      if (bytes == content(nullptr)) continue;
      hash.add(number);
      hash.add(bytes);
    }
  }
  return hash.value();
}

Result<void> DiskImage::put_into(Env& env, const std::string& from, const std::string& to) const {
  for (const std::string& directory : directories) {
    const std::optional<std::string> path = moved(directory, from, to);
    if (!path) continue;
    if (Result<void> made = env.make_directory(*path); !made) return made;
  }
  for (const auto& [name, file] : files) {
    const std::optional<std::string> path = moved(name, from, to);
    if (!path) continue;
    if (Result<void> put = put_file(env, *path, file); !put) return put;
  }
  return {};
}

}  // namespace millrace::crash
