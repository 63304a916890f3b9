#include "test/store_fixture.h"

#include <algorithm>
#include <cstring>

#include "core/env_memory.h"
#include "core/file.h"
#include "core/mapping.h"
#include "core/paths.h"
#include "core/segment_list.h"
#include "core/store_folder.h"
#include "core/verify.h"

namespace millrace::test {

namespace {

constexpr const char* kFolder =
    "store/shards/07070707070707070707070707070707";  // the fixture's log

}  // namespace

StoreFixture::StoreFixture(LogOptions options)
    : env_(std::make_shared<MachineEnv>(std::make_shared<EnvMemory>())),
      log_(env_, kFolder, options) {
  take(env_->make_directory(root_));
  take(env_->make_directory("store/shards"));
  std::array<std::byte, 16> uuid;
  uuid.fill(std::byte{0x5a});
  write("store/format", 0, text_bytes(format_text(uuid)));
}

std::string StoreFixture::folder() const { return kFolder; }
std::string StoreFixture::file(const std::string& name) const { return join_path(kFolder, name); }

std::string StoreFixture::segment(std::size_t index) {
  return file(take(list_segment_names(*env_, kFolder)).at(index));
}

std::size_t StoreFixture::segment_count() {
  return take(list_segment_names(*env_, kFolder)).size();
}

void StoreFixture::open() {
  if (Result<void> opened = log_.open(); !opened) stop(opened.error().message);
}

void StoreFixture::close() {
  expect_ok(log_->close());
  log_.crash();
}

StoreReport StoreFixture::inspect() { return take(inspect_store(*env_, root_)); }

StoreReport StoreFixture::verify() {
  const ScanWatch watch;
  return take(verify_store(*env_, root_, watch));
}

std::vector<std::string> StoreFixture::findings() { return in_words(verify().findings); }

void StoreFixture::expect_clean() { expect_eq(findings(), std::vector<std::string>{}); }

void StoreFixture::expect_no_damage() {
  for (const std::string& line : findings()) expect(!line.starts_with("damage"), line);
}

void StoreFixture::expect_damage(const std::string& path, const std::string& what) {
  expect_finding(Severity::kDamage, path, what);
}

void StoreFixture::expect_notice(const std::string& path, const std::string& what) {
  expect_finding(Severity::kNotice, path, what);
}

void StoreFixture::expect_finding(Severity severity, const std::string& path,
                                  const std::string& what) {
  const std::vector<Finding> found = verify().findings;
  const bool there = std::ranges::any_of(found, [&](const Finding& finding) {
    return finding.severity == severity && join_path(root_, finding.file) == path &&
           finding.what.find(what) != std::string::npos;
  });
  std::string seen;
  for (const std::string& line : in_words(found)) seen += "\n  " + line;
  expect(there, "expected \"" + what + "\" of " + path + ", found:" + seen);
}

void StoreFixture::collect(const std::string& directory, std::vector<std::string>& paths) {
  for (const DirectoryEntry& entry : take(env_->list(directory))) {
    const std::string path = join_path(directory, entry.name);
    if (entry.is_directory) {
      collect(path, paths);
    } else {
      paths.push_back(path);
    }
  }
}

StoreImage StoreFixture::image() {
  std::vector<std::string> paths;
  collect(root_, paths);
  StoreImage image;
  for (const std::string& path : paths) image[path] = read(path);
  return image;
}

bool StoreFixture::holds(const std::string& path, const std::vector<std::byte>& bytes) {
  const File file = take(File::open(*env_, path, OpenMode::kRead));
  if (take(file.bytes()) != bytes.size()) return false;
  if (bytes.empty()) return true;
  const Mapping now = take(Mapping::map(file, FileOffset{0}, bytes.size(), MapMode::kRead));
  return std::memcmp(now.bytes().data(), bytes.data(), bytes.size()) == 0;
}

bool StoreFixture::is(const StoreImage& image) {
  std::vector<std::string> paths;
  collect(root_, paths);
  return paths.size() == image.size() && std::ranges::all_of(paths, [&](const std::string& path) {
           const auto file = image.find(path);
           return file != image.end() && holds(path, file->second);
         });
}

void StoreFixture::restore(const StoreImage& image) {
  std::vector<std::string> paths;
  collect(root_, paths);
  for (const std::string& path : paths) {
    if (!image.contains(path)) take(env_->unlink(path));
  }
  for (const auto& [path, bytes] : image) {
    if (take(env_->exists(path)) && holds(path, bytes)) continue;
    {
      File file = take(File::open(*env_, path, OpenMode::kCreate));
      if (take(file.bytes()) != bytes.size()) take(file.resize(bytes.size()));
    }
    write(path, 0, bytes);
  }
}

void StoreFixture::write(const std::string& path, std::uint64_t at, Bytes bytes) {
  File file = take(File::open(*env_, path, OpenMode::kCreate));
  take(file.write_all(bytes, FileOffset{at}));
}

std::vector<std::byte> StoreFixture::read(const std::string& path) {
  const File file = take(File::open(*env_, path, OpenMode::kRead));
  std::vector<std::byte> bytes(take(file.bytes()));
  take(file.read_exactly(bytes, FileOffset{0}));
  return bytes;
}

void StoreFixture::flip(const std::string& path, std::uint64_t bit) {
  File file = take(File::open(*env_, path, OpenMode::kReadWrite));
  std::byte byte{};
  take(file.read_exactly({&byte, 1}, FileOffset{bit / 8}));
  byte ^= std::byte{1} << static_cast<int>(bit % 8);
  take(file.write_all({&byte, 1}, FileOffset{bit / 8}));
}

void StoreFixture::truncate(const std::string& path, std::uint64_t bytes) {
  File file = take(File::open(*env_, path, OpenMode::kReadWrite));
  take(file.resize(bytes));
}

std::vector<std::string> in_words(const std::vector<Finding>& findings) {
  std::vector<std::string> lines;
  for (const Finding& finding : findings) {
    const char* severity = finding.severity == Severity::kDamage ? "damage " : "notice ";
    lines.push_back(severity + finding.file + " @" + std::to_string(finding.offset) + ": " +
                    finding.what);
  }
  return lines;
}

}  // namespace millrace::test
