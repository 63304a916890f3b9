#include "core/env_memory.h"

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/mapping.h"
#include "core/paths.h"
#include "test/memory_shadow.h"
#include "test/test.h"

namespace millrace::test {
namespace {

// Memory of this process in use, in bytes: address space, and pages that exist.
struct MemoryUse {
  std::int64_t virtual_bytes = 0;
  std::int64_t resident_bytes = 0;
};

MemoryUse memory_use() {
  if (kIsMemoryShadowed) skip("the thread sanitizer keeps several bytes for each byte touched");
  MemoryUse use;
  std::ifstream("/proc/self/statm") >> use.virtual_bytes >> use.resident_bytes;
  const std::int64_t page_bytes = kPageBytes;
  return {use.virtual_bytes * page_bytes, use.resident_bytes * page_bytes};
}

const Suite env_memory_tests("env_memory", [](Suite& s) {
  s.test("a reserved file costs address space only, and its touched pages", [] {
    EnvMemory env;
    const MemoryUse before = memory_use();
    File file = take(File::open(env, "a", OpenMode::kCreate));
    take(file.reserve({0}, 1024 * kMiB));
    const Mapping mapping = take(Mapping::map(file, {0}, 1024 * kMiB, MapMode::kReadWrite));
    mapping.bytes()[512 * kMiB] = std::byte{1};
    expect_le(memory_use().resident_bytes - before.resident_bytes, 4 * kMiB);
    take(mapping.populate(0, 16 * kMiB));
    // The system counts in batches of pages, and an allocator may give some back meanwhile.
    expect_ge(memory_use().resident_bytes - before.resident_bytes, 15 * kMiB);
    take(file.punch({0}, 1024 * kMiB));
    expect_le(memory_use().resident_bytes - before.resident_bytes, 4 * kMiB);
  });
  s.test("keeps thousands of small files cheaply", [] {
    constexpr int kFiles = 4000;
    const MemoryUse before = memory_use();
    EnvMemory env;
    for (int i = 0; i < kFiles; ++i) {
      File file = take(File::open(env, std::to_string(i), OpenMode::kCreate));
      take(file.reserve({0}, kPageBytes));
      take(file.write_all(text_bytes("x"), {0}));
    }
    expect_le(memory_use().resident_bytes - before.resident_bytes, kFiles * (kPageBytes + 1024));
  });
  s.test("gives everything back when it goes away", [] {
    const auto run = [] {
      EnvMemory env;
      take(env.make_directory("d"));
      for (int i = 0; i < 1000; ++i) {
        File file = take(File::open(env, "d/" + std::to_string(i), OpenMode::kCreate));
        take(file.reserve({0}, 256 * kKiB));
        const Mapping mapping = take(Mapping::map(file, {0}, kPageBytes, MapMode::kReadWrite));
        mapping.bytes()[0] = std::byte{1};
      }
    };
    run();  // the heap grows once
    const MemoryUse before = memory_use();
    run();
    expect_le(memory_use().virtual_bytes - before.virtual_bytes, 16 * kMiB);
  });
  s.test("frees an unlinked file with its last mapping", [] {
    EnvMemory env;
    const MemoryUse before = memory_use();
    {
      File file = take(File::open(env, "a", OpenMode::kCreate));
      take(file.reserve({0}, 256 * kMiB));
      const Mapping mapping = take(Mapping::map(file, {0}, kPageBytes, MapMode::kRead));
      take(env.unlink("a"));
      expect_ge(memory_use().virtual_bytes - before.virtual_bytes, 256 * kMiB);
    }
    expect_le(memory_use().virtual_bytes - before.virtual_bytes, kMiB);
  });
  s.test("a file written piece by piece keeps its content while it moves", [] {
    EnvMemory env;
    File file = take(File::open(env, "a", OpenMode::kCreate));
    Random random;
    std::vector<std::byte> expected;
    while (expected.size() < kMiB) {
      const std::vector<std::byte> piece = random.bytes(random.between(1, 9000));
      take(file.write_all(piece, {expected.size()}));
      expected.insert(expected.end(), piece.begin(), piece.end());
    }
    std::vector<std::byte> read(expected.size());
    take(file.read_exactly(read, {0}));
    expect(read == expected);
  });
  s.test("cutting and growing a file again leaves zeros, at every boundary", [] {
    EnvMemory env;
    File file = take(File::open(env, "a", OpenMode::kCreate));
    for (std::size_t cut = 0; cut <= 3 * kPageBytes; cut += 511) {
      const Case round("cut", cut);
      const std::vector<std::byte> ones(3 * kPageBytes, std::byte{1});
      take(file.write_all(ones, {0}));
      take(file.resize(cut));
      take(file.resize(3 * kPageBytes));
      std::vector<std::byte> expected(3 * kPageBytes);
      std::fill_n(expected.begin(), cut, std::byte{1});
      std::vector<std::byte> read(3 * kPageBytes);
      take(file.read_exactly(read, {0}));
      expect(read == expected);
    }
  });
  s.test("refuses lengths no memory could hold instead of wrapping around", [] {
    EnvMemory env;
    File file = take(File::open(env, "a", OpenMode::kCreate));
    expect(!file.resize(~std::uint64_t{0}).ok());
    expect(!file.reserve({~std::uint64_t{0}}, 2).ok());
    expect(!file.write_all(text_bytes("x"), {~std::uint64_t{0}}).ok());
    expect_eq(take(file.bytes()), 0u);
  });
  s.test("finds entries whatever way a path is spelt", [] {
    EnvMemory env;
    take(env.make_directory("/a"));
    take(env.make_directory("a/./b/"));
    take(File::open(env, "//a//b/c", OpenMode::kCreate));
    expect(take(env.exists("a/b/c")));
    const std::vector<DirectoryEntry> entries = take(env.list("/a/b"));
    expect_eq(entries.size(), 1u);
    expect_eq(entries.front().name, "c");
    expect(!env.list("a/b/c").ok());
    expect(!env.open("a/b", OpenMode::kRead).ok());
    expect(!env.make_directory("a/b/c/d").ok());
  });
  s.test("every object is another boot", [] {
    EnvMemory one;
    EnvMemory two;
    expect_ne(take(one.boot_id()), take(two.boot_id()));
  });
  s.test("threads create, write, rename and remove at once", [] {
    EnvMemory env;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&env, t] {
        const std::string directory = std::to_string(t);
        expect_ok(env.make_directory(directory));
        for (int i = 0; i < 200; ++i) {
          const std::string name = join_path(directory, std::to_string(i));
          Result<File> file = File::open(env, name + ".tmp", OpenMode::kCreate);
          if (!expect_ok(file)) return;
          expect_ok(file->write_all(text_bytes(name), {0}));
          expect_ok(env.rename(name + ".tmp", name));
          if (i % 2 == 0) expect_ok(env.unlink(name));
          std::vector<std::byte> read(name.size());
          expect_ok(file->read_exactly(read, {0}));
          expect_eq(read, text_bytes(name));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (int t = 0; t < 4; ++t) expect_eq(take(env.list(std::to_string(t))).size(), 100u);
  });
});

}  // namespace
}  // namespace millrace::test
