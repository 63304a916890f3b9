#include "core/env.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <thread>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/env_posix.h"
#include "core/env_recording.h"
#include "core/paths.h"
#include "test/flaky_disk.h"
#include "test/test.h"

// What every Env promises, run against each of them.
namespace millrace::test {
namespace {

std::vector<std::byte> content_of(Env& env, FileId file) {
  std::vector<std::byte> content(take(env.file_bytes(file)));
  expect_eq(take(env.pread(file, content, {0})), content.size());
  return content;
}

void write_file(Env& env, const std::string& path, std::string_view text) {
  const FileId file = take(env.open(path, OpenMode::kCreateEmpty));
  expect_eq(take(env.pwrite(file, text_bytes(text), {0})), text.size());
  env.close(file);
}

std::vector<std::byte> read_file(Env& env, const std::string& path) {
  const FileId file = take(env.open(path, OpenMode::kRead));
  std::vector<std::byte> content = content_of(env, file);
  env.close(file);
  return content;
}

std::vector<std::string> names_in(Env& env, const std::string& directory) {
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : take(env.list(directory))) {
    names.push_back(entry.name + (entry.is_directory ? "/" : ""));
  }
  std::ranges::sort(names);
  return names;
}

void opens_by_mode(Env& env, const std::string& root) {
  const std::string path = join_path(root, "a");
  const Result<FileId> missing = env.open(path, OpenMode::kRead);
  expect_error(missing, Errc::kNotFound);
  expect(missing.error().message.find(path) != std::string::npos, missing.error().message);
  expect_error(env.open(path, OpenMode::kReadWrite), Errc::kNotFound);
  write_file(env, path, "content");
  const FileId kept = take(env.open(path, OpenMode::kCreate));
  expect_eq(take(env.file_bytes(kept)), 7u);
  env.close(kept);
  const FileId emptied = take(env.open(path, OpenMode::kCreateEmpty));
  expect_eq(take(env.file_bytes(emptied)), 0u);
  env.close(emptied);
  const FileId readable = take(env.open(path, OpenMode::kRead));
  expect(!env.pwrite(readable, text_bytes("x"), {0}).ok(), "a file opened to read is not written");
  env.close(readable);
}

// What was stored a moment ago has to reach the device first.
void reads_the_device(Env& env, const std::string& root) {
  const std::string path = join_path(root, "a");
  struct alignas(kPageBytes) Pages {
    std::array<std::byte, 2 * kPageBytes> bytes{};
  };
  const auto pages = std::make_unique<Pages>();
  std::ranges::fill(pages->bytes, std::byte{7});
  const FileId written = take(env.open(path, OpenMode::kCreateEmpty));
  expect_eq(take(env.pwrite(written, pages->bytes, {0})), pages->bytes.size());
  env.close(written);
  expect_error(env.open(join_path(root, "b"), OpenMode::kReadDevice), Errc::kNotFound);
  const FileId device = take(env.open(path, OpenMode::kReadDevice));
  std::ranges::fill(pages->bytes, std::byte{1});
  expect_eq(take(env.file_bytes(device)), pages->bytes.size());
  expect_eq(take(env.pread(device, MutableBytes(pages->bytes).subspan(kPageBytes), {kPageBytes})),
            kPageBytes);
  expect(pages->bytes[kPageBytes - 1] == std::byte{1} && pages->bytes.back() == std::byte{7});
  expect_eq(take(env.pread(device, pages->bytes, {2 * kPageBytes})), 0u);
  env.close(device);
}

void reads_and_writes_at_offsets(Env& env, const std::string& root) {
  const FileId file = take(env.open(join_path(root, "a"), OpenMode::kCreate));
  expect_eq(take(env.pwrite(file, text_bytes("tail"), {10'000})), 4u);
  expect_eq(take(env.file_bytes(file)), 10'004u);
  std::array<std::byte, 8> into{};
  into.fill(std::byte{1});
  expect_eq(take(env.pread(file, into, {9'996})), 8u);
  expect_eq(into, text_bytes(std::string_view("\0\0\0\0tail", 8)));
  expect_eq(take(env.pread(file, into, {10'002})), 2u);
  expect_eq(take(env.pread(file, into, {10'004})), 0u);
  const std::array<Bytes, 3> pieces = {text_bytes("one"), Bytes{}, text_bytes("two")};
  expect_eq(take(env.pwritev(file, pieces, {10'001})), 6u);
  expect_eq(take(env.pread(file, into, {9'999})), 8u);
  expect_eq(into, text_bytes(std::string_view("\0tonetwo", 8)));
  expect_ok(env.sync_data(file));
  env.close(file);
}

void resizes(Env& env, const std::string& root) {
  const FileId file = take(env.open(join_path(root, "a"), OpenMode::kCreate));
  const std::vector<std::byte> ones(3 * kPageBytes, std::byte{1});
  take(env.pwrite(file, ones, {0}));
  take(env.resize(file, kPageBytes + 5));
  expect_eq(take(env.file_bytes(file)), kPageBytes + 5);
  take(env.resize(file, 3 * kPageBytes));
  std::vector<std::byte> expected(3 * kPageBytes);
  std::fill_n(expected.begin(), kPageBytes + 5, std::byte{1});
  expect(content_of(env, file) == expected, "what was cut off reads as zeros");
  env.close(file);
}

void reserves_and_punches(Env& env, const std::string& root) {
  const FileId file = take(env.open(join_path(root, "a"), OpenMode::kCreate));
  take(env.pwrite(file, text_bytes("abc"), {0}));
  const Result<void> reserved = env.reserve(file, {0}, 4 * kPageBytes);
  if (!reserved && reserved.error().code == Errc::kUnsupported) {
    env.close(file);
    skip("this file system cannot reserve");
  }
  expect_ok(reserved);
  expect_ok(env.reserve(file, {0}, 0));
  expect_eq(take(env.file_bytes(file)), 4 * kPageBytes);
  take(env.reserve(file, {0}, kPageBytes));
  expect_eq(take(env.file_bytes(file)), 4 * kPageBytes);
  const std::vector<std::byte> ones(4 * kPageBytes, std::byte{1});
  take(env.pwrite(file, ones, {0}));
  take(env.punch(file, {100}, 2 * kPageBytes));
  std::vector<std::byte> expected = ones;
  std::fill_n(expected.begin() + 100, 2 * kPageBytes, std::byte{0});
  expect(content_of(env, file) == expected, "the hole, and only it, reads as zeros");
  env.close(file);
}

void keeps_directories(Env& env, const std::string& root) {
  const std::string directory = join_path(root, "d");
  expect_error(env.make_directory(join_path(directory, "e")), Errc::kNotFound);
  expect_ok(env.make_directory(directory));
  expect_ok(env.make_directory(directory));
  expect_ok(env.make_directory(join_path(directory, "e")));
  write_file(env, join_path(directory, "f"), "");
  expect(!env.make_directory(join_path(directory, "f")).ok(), "a file is not a directory");
  expect_eq(names_in(env, directory), std::vector<std::string>{"e/", "f"});
  expect_ok(env.sync_directory(directory));
  expect(!env.remove_directory(directory).ok(), "a directory with entries stays");
  expect_ok(env.unlink(join_path(directory, "f")));
  expect_ok(env.remove_directory(join_path(directory, "e")));
  expect_ok(env.remove_directory(directory));
  expect(!take(env.exists(directory)));
  expect_error(env.list(directory), Errc::kNotFound);
  expect_error(env.sync_directory(directory), Errc::kNotFound);
  expect_error(env.remove_directory(directory), Errc::kNotFound);
  expect(!take(env.exists(join_path(directory, "below/nothing"))));
}

void renames_and_unlinks(Env& env, const std::string& root) {
  const std::string from = join_path(root, "from");
  const std::string to = join_path(root, "to");
  write_file(env, from, "new");
  write_file(env, to, "old");
  const FileId replaced = take(env.open(to, OpenMode::kRead));
  expect_ok(env.rename(from, to));
  expect_eq(read_file(env, to), text_bytes("new"));
  expect_eq(content_of(env, replaced), text_bytes("old"));
  env.close(replaced);
  expect(!take(env.exists(from)));
  expect_error(env.rename(from, to), Errc::kNotFound);
  expect_ok(env.rename(to, to));

  take(env.make_directory(join_path(root, "d")));
  expect_ok(env.rename(to, join_path(root, "d/moved")));
  expect_ok(env.rename(join_path(root, "d"), join_path(root, "e")));
  expect_eq(read_file(env, join_path(root, "e/moved")), text_bytes("new"));
  expect(!env.rename(join_path(root, "e"), join_path(root, "e/below")).ok());
  expect_ok(env.unlink(join_path(root, "e/moved")));
  expect_error(env.unlink(join_path(root, "e/moved")), Errc::kNotFound);
  expect(!env.unlink(join_path(root, "e")).ok(), "a directory is not unlinked");
}

void unlinked_files_live_while_open(Env& env, const std::string& root) {
  const std::string path = join_path(root, "a");
  write_file(env, path, "first");
  const FileId file = take(env.open(path, OpenMode::kReadWrite));
  take(env.unlink(path));
  write_file(env, path, "second");
  expect_eq(content_of(env, file), text_bytes("first"));
  env.close(file);
  expect_eq(read_file(env, path), text_bytes("second"));
}

void expect_is_locked(Env& env, FileId file, bool expected) {
  const Result<bool> locked = env.is_locked(file);
  if (!locked && locked.error().code == Errc::kUnsupported) return;  // macOS does not tell
  expect_eq(take(locked), expected);
}

void locks_exclude_other_open_files(Env& env, const std::string& root) {
  const std::string path = join_path(root, "lock");
  const FileId one = take(env.open(path, OpenMode::kCreate));
  const FileId two = take(env.open(path, OpenMode::kCreate));
  expect_is_locked(env, two, false);
  expect_ok(env.lock_exclusive(one));
  expect_ok(env.lock_exclusive(one));
  expect_is_locked(env, two, true);
  expect_error(env.lock_exclusive(two), Errc::kBusy);
  env.close(one);
  expect_is_locked(env, two, false);
  expect_ok(env.lock_exclusive(two));
  env.close(two);
}

void mappings_share_and_never_move(Env& env, const std::string& root) {
  const FileId file = take(env.open(join_path(root, "a"), OpenMode::kCreate));
  take(env.resize(file, 4 * kPageBytes));
  const MutableBytes writable = take(env.map(file, {0}, 4 * kPageBytes, MapMode::kReadWrite));
  const MutableBytes readable = take(env.map(file, {kPageBytes}, kPageBytes, MapMode::kRead));
  take(env.populate(writable.subspan(kPageBytes, kPageBytes)));
  std::memcpy(writable.data() + kPageBytes, "abc", 3);
  env.stored(writable.subspan(kPageBytes, 3));
  expect_ok(env.sync_pages(file, {kPageBytes}, writable.subspan(kPageBytes, kPageBytes)));
  env.advise(writable, AdviseMode::kDontNeed);
  expect_eq(readable.first(3), text_bytes("abc"));
  // A file may grow while it is mapped; if it cannot, the mapping is as it was.
  const Result<void> grown = env.resize(file, 64 * kMiB);
  expect(grown.ok() || grown.error().code == Errc::kNoSpace);
  expect_eq(readable.first(3), text_bytes("abc"));
  env.close(file);
  expect_eq(readable.first(3), text_bytes("abc"));
  env.unmap(writable);
  expect_eq(readable.first(3), text_bytes("abc"));
  env.unmap(readable);
}

void waits_for_words_of_mappings(Env& env, const std::string& root) {
  const FileId file = take(env.open(join_path(root, "a"), OpenMode::kCreate));
  take(env.resize(file, kPageBytes));
  const MutableBytes page = take(env.map(file, {0}, kPageBytes, MapMode::kReadWrite));
  take(env.populate(page));
  auto& word = *new (page.data()) std::atomic<std::uint32_t>(0);
  expect(take(env.wait_on(word, 1, 60'000)), "the word already differs");
  expect(!take(env.wait_on(word, 0, 1)), "nobody changes it");
  std::thread waker([&] {
    // Release: pairs with the acquire below, and says nothing else.
    word.store(1, std::memory_order_release);
    env.wake_all(word);
  });
  while (word.load(std::memory_order_acquire) == 0) {
    expect(take(env.wait_on(word, 0, 60'000)), "the wake arrives");
  }
  waker.join();
  env.unmap(page);
  env.close(file);
}

void waits_for_any_of_several_words(Env& env, const std::string&) {
  std::atomic<std::uint32_t> one = 0;
  std::atomic<std::uint32_t> other = 0;
  const std::array<WaitWord, 2> words{WaitWord{&one, 0}, WaitWord{&other, 0}};
  const Result<bool> nobody = env.wait_any(words, 1'000'000);
  // A system that cannot says so; one word it can always wait for.
  if (!nobody) {
    expect_error(nobody, Errc::kUnsupported);
    expect(!take(env.wait_any(std::span(words).first(1), 1'000'000)), "nobody changes it");
    return;
  }
  expect(!*nobody, "nobody changes them");
  const std::array<WaitWord, 2> differing{WaitWord{&one, 0}, WaitWord{&other, 7}};
  expect(take(env.wait_any(differing, 60'000'000'000)), "one differs already");
  std::thread waker([&] {
    // Release: pairs with the acquire below, and says nothing else.
    other.store(1, std::memory_order_release);
    env.wake_all(other);
  });
  while (other.load(std::memory_order_acquire) == 0) {
    expect(take(env.wait_any(words, 60'000'000'000)), "the wake arrives");
  }
  waker.join();
  const std::vector<WaitWord> many(kWaitWordsMax, words[0]);
  expect(!take(env.wait_any(many, 1'000'000)), "as many as there may be");
  expect_error(env.wait_any(std::vector<WaitWord>(kWaitWordsMax + 1, words[0]), 1'000'000),
               Errc::kUnsupported);
}

void knows_the_machine(Env& env, const std::string& root) {
  const std::string boot = take(env.boot_id());
  expect_eq(boot.size(), 16u);
  expect_eq(take(env.boot_id()), boot);
  const std::uint64_t before_ns = env.monotonic_ns();
  expect_ge(env.monotonic_ns(), before_ns);
  std::array<std::byte, 1000> one{};
  std::array<std::byte, 1000> two{};
  take(env.random_bytes(one));
  take(env.random_bytes(two));
  expect(one != two);
  expect_error(env.supports_mapped_writes(join_path(root, "missing")), Errc::kNotFound);
}

struct Claim {
  const char* text;
  void (*run)(Env& env, const std::string& root);
};

constexpr Claim kClaims[] = {
    {"opens files by mode", opens_by_mode},
    {"reads and writes at offsets", reads_and_writes_at_offsets},
    {"reads what the device holds", reads_the_device},
    {"cuts and extends files", resizes},
    {"reserves room and punches holes", reserves_and_punches},
    {"keeps directories", keeps_directories},
    {"renames over what is there, and unlinks", renames_and_unlinks},
    {"keeps unlinked files while they are open", unlinked_files_live_while_open},
    {"locks exclude other open files until closed", locks_exclude_other_open_files},
    {"mappings share bytes and keep their place", mappings_share_and_never_move},
    {"waits for words of mappings", waits_for_words_of_mappings},
    {"waits for any of several words", waits_for_any_of_several_words},
    {"knows its boot, time and chance", knows_the_machine},
};

void declare(Suite& s, const Claim& claim) {
  const std::string text = claim.text;
  const auto run = claim.run;
  s.test(text + ", on the machine", [run] {
    const ScratchDirectory scratch;
    EnvPosix env;
    run(env, scratch.path());
  });
  s.test(text + ", in memory", [run] {
    EnvMemory env;
    take(env.make_directory("root"));
    run(env, "root");
  });
  s.test(text + ", recorded", [run] {
    EnvMemory memory;
    EnvRecording env(memory);
    run(env, "/");
  });
  s.test(text + ", on a disk behind a page cache", [run] {
    FlakyDisk env(std::make_shared<EnvMemory>());
    run(env, "/");
  });
  s.test(text + ", with nothing planned to fail", [run] {
    EnvMemory memory;
    EnvFaulting env(memory);
    run(env, "");
  });
}

const Suite env_tests("env", [](Suite& s) {
  for (const Claim& claim : kClaims) declare(s, claim);
});

}  // namespace
}  // namespace millrace::test
