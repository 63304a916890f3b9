// Writes inputs to begin with: write_seeds FOLDER makes FOLDER/<target>/. A fuzzer finds its own
// way from nothing, but for the files that the raw modes of segment_open and control_page take,
// whose magic numbers it would have to guess.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/paths.h"
#include "core/recovery.h"
#include "fuzz/byte_source.h"
#include "fuzz/forged_log.h"
#include "fuzz/watched_env.h"

namespace millrace::fuzz {
namespace {

constexpr std::size_t kDecisionsMax = 512;
constexpr std::uint64_t kSeedsEach = 24;
constexpr std::uint8_t kRaw = 1;  // the first decision of a raw input

class SeedFolder {
 public:
  explicit SeedFolder(std::filesystem::path root) : root_(std::move(root)) {}

  void write(const std::string& target, const std::string& name, Bytes bytes) const {
    std::filesystem::create_directories(root_ / target);
    std::ofstream file(root_ / target / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path root_;
};

// Decisions of which most are 0, and the same each time (xorshift).
std::vector<std::byte> decisions(std::uint64_t seed) {
  std::uint64_t state = seed * 0x9e37'79b9'7f4a'7c15 + 1;
  const auto draw = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  std::vector<std::byte> bytes(1 + draw() % kDecisionsMax);
  for (std::byte& byte : bytes) {
    const std::uint64_t drawn = draw();
    if (drawn % 4 == 0) byte = static_cast<std::byte>(drawn >> 8);
  }
  return bytes;
}

std::vector<std::byte> raw(Bytes file, std::size_t bytes) {
  std::vector<std::byte> input{std::byte{kRaw}};
  input.insert(input.end(), file.begin(),
               file.begin() + static_cast<std::ptrdiff_t>(std::min(bytes, file.size())));
  return input;
}

std::vector<std::byte> contents(Env& env, const std::string& path) {
  const Result<File> file = File::open(env, path, OpenMode::kRead);
  if (!file) return {};
  std::vector<std::byte> bytes(*file->bytes());
  if (Result<void> read = file->read_exactly(bytes, FileOffset{0}); !read) return {};
  return bytes;
}

int write_all(const std::filesystem::path& root) {
  const SeedFolder folder(root);
  for (const char* target : {"control_page", "frame_walk", "hash_range", "meta_records", "reader",
                             "recovery", "repair", "segment_open", "staging"}) {
    for (std::uint64_t seed = 0; seed < kSeedsEach; ++seed) {
      folder.write(target, "seed-" + std::to_string(seed), decisions(seed));
    }
  }
  const std::shared_ptr<WatchedEnv> env = WatchedEnv::make(false);
  const std::vector<std::byte> chosen = decisions(7);
  ByteSource in(chosen);
  const ForgedLog log = forge_store(*env, in, ForgedRole::kShard);
  const std::vector<std::byte> control =
      contents(*env, join_path(forged_folder(ForgedRole::kShard), "ctl"));
  folder.write("control_page", "raw", raw(control, 512));
  for (const ForgedLog::File& segment : log.segments) {
    const std::vector<std::byte> bytes = contents(*env, segment.path);
    folder.write("segment_open", "raw", raw(bytes, 1024));
  }
  return 0;
}

}  // namespace
}  // namespace millrace::fuzz

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: write_seeds FOLDER\n", stderr);
    return 2;
  }
  return millrace::fuzz::write_all(arguments[1]);
}
