#include "core/mapping.h"

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/env_posix.h"
#include "test/test.h"

namespace millrace::test {
namespace {

File sized_file(Env& env, const std::string& path, std::uint64_t bytes) {
  File file = take(File::open(env, path, OpenMode::kCreate));
  take(file.reserve({0}, bytes));
  return file;
}

void shares_bytes_with_reads_and_writes(Env& env, const std::string& path) {
  File file = sized_file(env, path, 4 * kPageBytes);
  const Mapping mapping =
      take(Mapping::map(file, {kPageBytes}, 2 * kPageBytes, MapMode::kReadWrite));
  take(mapping.populate(0, mapping.bytes().size()));
  std::memcpy(mapping.bytes().data() + 10, "stored", 6);
  mapping.stored(mapping.bytes().subspan(10, 6));
  std::vector<std::byte> read(6);
  take(file.read_exactly(read, {kPageBytes + 10}));
  expect_eq(read, text_bytes("stored"));
  take(file.write_all(text_bytes("written"), {2 * kPageBytes}));
  expect_eq(mapping.bytes().subspan(kPageBytes, 7), text_bytes("written"));
}

void outlives_its_file_and_name(Env& env, const std::string& path) {
  std::optional<Mapping> mapping;
  {
    File file = sized_file(env, path, kPageBytes);
    take(file.write_all(text_bytes("kept"), {0}));
    mapping = take(Mapping::map(file, {0}, kPageBytes, MapMode::kRead));
  }
  take(env.unlink(path));
  expect_eq(mapping->bytes().first(4), text_bytes("kept"));
  expect(!take(env.exists(path)));
}

const Suite mapping_tests("mapping", [](Suite& s) {
  s.test("keeps its Env for as long as it is mapped", [] {
    auto env = std::make_shared<EnvMemory>();
    const std::weak_ptr<EnvMemory> seen = env;
    std::optional<Mapping> mapping;
    {
      File file = take(File::open(*env, "file", OpenMode::kCreateEmpty));
      expect_ok(file.resize(kPageBytes));
      mapping = take(Mapping::map(file, {0}, kPageBytes, MapMode::kReadWrite));
    }
    env.reset();
    expect(!seen.expired());
    mapping.reset();
    expect(seen.expired());
  });
  s.test("stores reach reads and writes reach loads, on disk", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    shares_bytes_with_reads_and_writes(env, scratch.path("a"));
  });
  s.test("stores reach reads and writes reach loads, in memory", [] {
    EnvMemory env;
    shares_bytes_with_reads_and_writes(env, "a");
  });
  s.test("outlives its file and the file's name, on disk", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    outlives_its_file_and_name(env, scratch.path("a"));
  });
  s.test("outlives its file and the file's name, in memory", [] {
    EnvMemory env;
    outlives_its_file_and_name(env, "a");
  });
  s.test("refuses to map behind the end of the file, where a touch is a signal", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    File file = sized_file(env, scratch.path("short.seg"), kPageBytes);
    const Result<Mapping> mapped = Mapping::map(file, {0}, kPageBytes + 1, MapMode::kRead);
    expect_error(mapped, Errc::kCorrupt);
    expect(mapped.error().message.find("short.seg") != std::string::npos);
    expect_error(Mapping::map(file, {2 * kPageBytes}, 1, MapMode::kRead), Errc::kCorrupt);
  });
  s.test("populates the whole pages around a range and no others", [] {
    class Observer final : public EnvForwarding {
     public:
      using EnvForwarding::EnvForwarding;
      Result<void> populate(MutableBytes pages) override {
        populated = pages;
        return EnvForwarding::populate(pages);
      }
      MutableBytes populated;
    };
    EnvMemory memory;
    Observer env(memory);
    File file = sized_file(env, "a", 3 * kPageBytes + 100);
    const Mapping mapping =
        take(Mapping::map(file, {0}, 3 * kPageBytes + 100, MapMode::kReadWrite));
    const auto offset = [&] { return env.populated.data() - mapping.bytes().data(); };
    take(mapping.populate(kPageBytes + 1, 1));
    expect_eq(offset(), kPageBytes);
    expect_eq(env.populated.size(), kPageBytes);
    take(mapping.populate(kPageBytes - 1, 2));
    expect_eq(offset(), 0);
    expect_eq(env.populated.size(), 2 * kPageBytes);
    take(mapping.populate(3 * kPageBytes + 99, 1));
    expect_eq(offset(), 3 * kPageBytes);
    expect_eq(env.populated.size(), 100u);
    env.populated = {};
    take(mapping.populate(3 * kPageBytes, 0));
    expect(env.populated.empty());
  });
  s.test("is empty once moved from, and unmaps once", [] {
    EnvMemory env;  // asserts that every mapping was unmapped
    File file = sized_file(env, "a", 2 * kPageBytes);
    Mapping one = take(Mapping::map(file, {0}, kPageBytes, MapMode::kReadWrite));
    Mapping two = std::move(one);
    expect(one.bytes().empty());
    one = take(Mapping::map(file, {kPageBytes}, kPageBytes, MapMode::kRead));
    two = std::move(one);
    expect(one.bytes().empty() && !two.bytes().empty());
  });
  s.test("hands on that pages cannot be had", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    File file = sized_file(env, "a", kPageBytes);
    const Mapping mapping = take(Mapping::map(file, {0}, kPageBytes, MapMode::kReadWrite));
    env.plan({.call = EnvCall::kPopulate, .path_part = "a", .sys_errno = ENOSPC});
    expect_error(mapping.populate(0, 1), Errc::kNoSpace);
    env.plan({.call = EnvCall::kPopulate, .sys_errno = EINVAL});
    expect_error(mapping.populate(0, 1), Errc::kUnsupported);
    env.plan({.call = EnvCall::kPopulate, .sys_errno = EINTR});
    expect_ok(mapping.populate(0, 1));
  });
});

}  // namespace
}  // namespace millrace::test
