#include "core/env_recording.h"

#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/file.h"
#include "core/mapping.h"
#include "core/paths.h"
#include "test/test.h"

namespace millrace::test {
namespace {

using Kind = RecordedCall::Kind;

// A journal in words, one line a call: "write 1 @5 +4 (a)".
std::string in_words(const std::vector<RecordedCall>& calls) {
  constexpr const char* kNames[] = {"create",  "truncate", "write",  "store", "resize",
                                    "reserve", "punch",    "sync",   "mkdir", "rmdir",
                                    "rename",  "unlink",   "syncdir"};
  std::string text;
  for (const RecordedCall& call : calls) {
    text += kNames[static_cast<std::size_t>(call.kind)];
    text.append(" ").append(std::to_string(static_cast<std::uint32_t>(call.file)));
    if (call.at.bytes > 0) text += " @" + std::to_string(call.at.bytes);
    if (!call.bytes.empty()) text += " +" + std::to_string(call.bytes.size());
    if (call.length > 0) text += " =" + std::to_string(call.length);
    text += " (" + call.path + (call.to_path.empty() ? "" : " to " + call.to_path) + ")";
    if (call.sys_errno != 0) text += " failed";
    text += "\n";
  }
  return text;
}

// Carries a journal out on an empty Env, as a crash-state builder does with a part of it.
class Replayer {
 public:
  explicit Replayer(Env& env) : env_(env) {}
  ~Replayer() {
    for (const FileId file : files_) env_.close(file);
  }

  void apply(const RecordedCall& call) {
    if (call.sys_errno != 0) return;
    switch (call.kind) {
      case Kind::kCreate:
        files_.push_back(take(env_.open(call.path, OpenMode::kCreateEmpty)));
        expect_eq(files_.size(), static_cast<std::size_t>(call.file));
        return;
      case Kind::kTruncate:
        return take(env_.resize(file_of(call), 0));
      case Kind::kWrite:
      case Kind::kStore:
        expect_eq(take(env_.pwrite(file_of(call), call.bytes, call.at)), call.bytes.size());
        return;
      case Kind::kResize:
        return take(env_.resize(file_of(call), call.length));
      case Kind::kReserve:
        return take(env_.reserve(file_of(call), call.at, call.length));
      case Kind::kPunch:
        return take(env_.punch(file_of(call), call.at, call.length));
      case Kind::kMakeDirectory:
        return take(env_.make_directory(call.path));
      case Kind::kRemoveDirectory:
        return take(env_.remove_directory(call.path));
      case Kind::kRename:
        return take(env_.rename(call.path, call.to_path));
      case Kind::kUnlink:
        return take(env_.unlink(call.path));
      case Kind::kSyncData:
      case Kind::kSyncDirectory:
        return;
    }
  }

 private:
  FileId file_of(const RecordedCall& call) const {
    return files_[static_cast<std::size_t>(call.file) - 1];
  }

  Env& env_;
  std::vector<FileId> files_;
};

// Every path below `directory` with its content, in one text.
std::string tree_of(Env& env, const std::string& directory) {
  std::string text;
  for (const DirectoryEntry& entry : take(env.list(directory))) {
    const std::string path = join_path(directory, entry.name);
    if (entry.is_directory) {
      text += path + "/\n" + tree_of(env, path);
      continue;
    }
    File file = take(File::open(env, path, OpenMode::kRead));
    std::vector<std::byte> content(take(file.bytes()));
    take(file.read_exactly(content, {0}));
    text += path + " " + hex(content) + "\n";
  }
  return text;
}

// A random life of a few files: enough of everything to tell two file systems apart.
void run_randomly(Env& env, Random& random) {
  const auto path = [&] {
    return (random.once_in(2) ? "sub/" : "") +
           std::string(1, static_cast<char>('a' + random.below(4)));
  };
  take(env.make_directory("sub"));
  for (int step = 0; step < 200; ++step) {
    const std::string from = path();
    const bool empties = random.once_in(8);
    File file = take(File::open(env, from, empties ? OpenMode::kCreateEmpty : OpenMode::kCreate));
    const std::vector<std::byte> bytes = random.bytes(random.between(1, 50));
    switch (random.below(6)) {
      case 0:
        take(file.write_all(bytes, {random.below(6000)}));
        break;
      case 1: {
        const std::uint64_t file_bytes = take(file.bytes());
        if (file_bytes < 100) take(file.resize(random.between(100, 9000)));
        const std::uint64_t length = take(file.bytes());
        const Mapping mapping = take(Mapping::map(file, {0}, length, MapMode::kReadWrite));
        const MutableBytes range = mapping.bytes().subspan(random.below(length - 60), bytes.size());
        std::memcpy(range.data(), bytes.data(), bytes.size());
        mapping.stored(range);
        break;
      }
      case 2:
        take(env.rename(from, path()));
        break;
      case 3:
        take(env.unlink(from));
        take(file.write_all(bytes, {0}));
        break;
      case 4:
        take(file.punch({random.below(3000)}, random.below(3000)));
        break;
      default:
        take(file.reserve({random.below(3000)}, random.between(1, 3000)));
    }
  }
}

const Suite env_recording_tests("env_recording", [](Suite& s) {
  s.test("journals what changes the disk, in order, and nothing else", [] {
    EnvMemory memory;
    EnvRecording env(memory);
    take(env.make_directory("d"));
    take(env.make_directory("d"));
    {
      File file = take(File::open(env, "d//a", OpenMode::kCreate));
      take(file.reserve({0}, 2 * kPageBytes));
      take(file.write_all(text_bytes("data"), {5}));
      const Mapping mapping =
          take(Mapping::map(file, {kPageBytes}, kPageBytes, MapMode::kReadWrite));
      take(mapping.populate(0, 10));
      std::memcpy(mapping.bytes().data() + 100, "stored", 6);
      mapping.stored(mapping.bytes().subspan(100, 6));
      take(file.sync_data());
      take(mapping.sync(file, 0, 10));
      take(file.punch({1}, 2));
      take(file.resize(100));
      std::vector<std::byte> read(1);
      take(file.read_exactly(read, {0}));
      take(file.lock_exclusive());
    }
    take(env.rename("d/a", "d/b"));
    take(env.sync_directory("d/"));
    File again = take(File::open(env, "./d/b", OpenMode::kReadWrite));
    take(again.write_all(text_bytes("x"), {0}));
    take(env.unlink("d/b"));
    take(env.remove_directory("d"));
    expect_eq(in_words(env.calls()),
              "mkdir 0 (d)\n"
              "create 1 (d/a)\n"
              "reserve 1 =8192 (d/a)\n"
              "write 1 @5 +4 (d/a)\n"
              "store 1 @4196 +6 (d/a)\n"
              "sync 1 (d/a)\n"
              "sync 1 =4096 (d/a)\n"
              "punch 1 @1 =2 (d/a)\n"
              "resize 1 =100 (d/a)\n"
              "rename 1 (d/a to d/b)\n"
              "syncdir 0 (d)\n"
              "write 1 +1 (d/a)\n"
              "unlink 1 (d/b)\n"
              "rmdir 0 (d)\n");
  });
  s.test("keeps the bytes as they were at the time", [] {
    EnvMemory memory;
    EnvRecording env(memory);
    File file = take(File::open(env, "a", OpenMode::kCreate));
    take(file.resize(kPageBytes));
    const Mapping mapping = take(Mapping::map(file, {0}, kPageBytes, MapMode::kReadWrite));
    for (const char* text : {"one", "two"}) {
      std::memcpy(mapping.bytes().data(), text, 3);
      mapping.stored(mapping.bytes().first(3));
    }
    const std::vector<RecordedCall> calls = env.take_calls();
    expect_eq(calls[2].bytes, text_bytes("one"));
    expect_eq(calls[3].bytes, text_bytes("two"));
    expect_eq(env.call_count(), 0u);
  });
  s.test("a name that is used again names another file", [] {
    EnvMemory memory;
    EnvRecording env(memory);
    for (int i = 0; i < 2; ++i) {
      take(File::open(env, "a", OpenMode::kCreate));
      take(env.unlink("a"));
    }
    take(File::open(env, "a.tmp", OpenMode::kCreate));
    take(File::open(env, "a", OpenMode::kCreateEmpty));
    take(File::open(env, "a", OpenMode::kCreateEmpty));
    take(env.rename("a.tmp", "a"));
    take(env.unlink("a"));
    expect_eq(in_words(env.calls()),
              "create 1 (a)\nunlink 1 (a)\n"
              "create 2 (a)\nunlink 2 (a)\n"
              "create 3 (a.tmp)\ncreate 4 (a)\ntruncate 4 (a)\n"
              "rename 3 (a.tmp to a)\nunlink 3 (a)\n");
  });
  s.test("follows files whose directory is renamed", [] {
    EnvMemory memory;
    EnvRecording env(memory);
    take(env.make_directory("d"));
    take(env.make_directory("d/e"));
    take(File::open(env, "d/e/a", OpenMode::kCreate));
    take(env.rename("d", "f"));
    take(env.unlink("f/e/a"));
    const std::vector<RecordedCall> calls = env.calls();
    expect_eq(in_words({calls.begin() + 3, calls.end()}), "rename 0 (d to f)\nunlink 1 (f/e/a)\n");
  });
  s.test("tells what failed, and how much of a short write arrived", [] {
    EnvMemory memory;
    EnvFaulting faulting(memory);
    EnvRecording env(faulting);
    const FileId file = take(env.open("a", OpenMode::kCreate));
    faulting.plan({.effect = Fault::Effect::kShort});
    expect_eq(take(env.pwrite(file, text_bytes("four"), {0})), 2u);
    faulting.plan({.call = EnvCall::kWrite, .sys_errno = ENOSPC});
    expect_error(env.pwrite(file, text_bytes("four"), {0}), Errc::kNoSpace);
    faulting.plan({.call = EnvCall::kSyncData, .sys_errno = EIO});
    expect_error(env.sync_data(file), Errc::kIo);
    expect_error(env.unlink("b"), Errc::kNotFound);
    env.close(file);
    expect_eq(in_words(env.calls()),
              "create 1 (a)\nwrite 1 +2 (a)\nwrite 1 +4 (a) failed\nsync 1 (a) failed\n"
              "unlink 0 (b) failed\n");
    expect_eq(env.calls()[2].sys_errno, ENOSPC);
  });
  s.test("a journal carried out on an empty file system gives the same files", [] {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      const Case round("seed", seed);
      EnvMemory memory;
      EnvRecording env(memory);
      Random random(seed);
      run_randomly(env, random);
      EnvMemory copy;
      {
        Replayer replayer(copy);
        for (const RecordedCall& call : env.calls()) replayer.apply(call);
      }
      expect_eq(tree_of(copy, "."), tree_of(memory, "."));
    }
  });
  s.test("the journal of many threads is an order in which it can be carried out", [] {
    EnvMemory memory;
    EnvRecording env(memory);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&env, t] {
        for (int i = 0; i < 100; ++i) {
          const std::string path = std::to_string((t + i) % 3);  // the threads share names
          Result<File> file = File::open(env, path, OpenMode::kCreate);
          if (!expect_ok(file)) return;
          expect_ok(file->write_all(text_bytes(path), {static_cast<std::uint64_t>(t)}));
          if (i % 5 == 0) [[maybe_unused]]
            const Result<void> lost_race = env.rename(path, path + "r");
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EnvMemory copy;
    {
      Replayer replayer(copy);
      for (const RecordedCall& call : env.calls()) replayer.apply(call);
    }
    expect_eq(tree_of(copy, "."), tree_of(memory, "."));
  });
});

}  // namespace
}  // namespace millrace::test
