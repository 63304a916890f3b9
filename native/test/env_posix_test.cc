#include "core/env_posix.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/mapped_write_probe.h"
#include "core/mapping.h"
#include "core/posix_system.h"
#include "test/test.h"

namespace millrace::test {
namespace {

// A file system of its own with room for little, or the end of the test where none can be mounted.
class TinyFileSystem {
 public:
  explicit TinyFileSystem(std::size_t bytes) {
    const std::string options = "size=" + std::to_string(bytes);
    if (::mount("tmpfs", scratch_.path().c_str(), "tmpfs", 0, options.c_str()) != 0) {
      skip("mounting a tmpfs: " + std::generic_category().message(errno));
    }
  }
  TinyFileSystem(const TinyFileSystem&) = delete;
  TinyFileSystem& operator=(const TinyFileSystem&) = delete;
  ~TinyFileSystem() { ::umount2(scratch_.path().c_str(), MNT_DETACH); }

  void make_read_only() {
    expect(::mount(nullptr, scratch_.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0,
           "remounting read-only");
  }
  [[nodiscard]] std::string path() const { return scratch_.path(); }
  [[nodiscard]] std::string path(std::string_view name) const { return scratch_.path(name); }
  [[nodiscard]] std::uint64_t free_bytes() const {
    struct statvfs space = {};
    expect(::statvfs(scratch_.path().c_str(), &space) == 0);
    return std::uint64_t{space.f_bavail} * space.f_frsize;
  }

 private:
  ScratchDirectory scratch_;
};

// Whether a process sleeps in a call, as one does that waits on a word.
bool is_asleep(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string word;
  stat >> word >> word;
  while (stat && !word.ends_with(')')) stat >> word;  // a program's name may hold spaces
  stat >> word;
  return word == "S";
}

// A process that waits for the first word of a file to change from 0; it ends with 0 if it was
// woken, before its time ran out.
pid_t fork_waiter(Env& env, const File& file) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  const Result<Mapping> reader = Mapping::map(file, {0}, kPageBytes, MapMode::kRead);
  if (!reader) ::_exit(2);
  const std::byte* page = reader->bytes().data();
  const auto& word = *reinterpret_cast<const std::atomic<std::uint32_t>*>(page);
  // Acquire: pairs with the release of the one who wakes.
  while (word.load(std::memory_order_acquire) == 0) {
    const Result<bool> woken = env.wait_on(word, 0, 20'000);
    if (!woken || !*woken) ::_exit(3);
  }
  ::_exit(0);
}

constexpr std::size_t kDiskBytes = 64 * kKiB;

const Suite full_disk_tests("env_posix, full disk", [](Suite& s) {
  s.test("reserving more than there is fails as a whole", [] {
    const TinyFileSystem disk(kDiskBytes);
    EnvPosix env;
    File file = take(File::open(env, disk.path("a"), OpenMode::kCreate));
    const Result<void> reserved = file.reserve({0}, 2 * kDiskBytes);
    expect_error(reserved, Errc::kNoSpace);
    expect_eq(reserved.error().sys_errno, ENOSPC);
    expect(reserved.error().message.find(disk.path("a")) != std::string::npos);
    expect_eq(disk.free_bytes(), kDiskBytes);
    expect_ok(file.reserve({0}, kDiskBytes));
  });
  s.test("writing more than there is fails at the end of the room", [] {
    const TinyFileSystem disk(kDiskBytes);
    EnvPosix env;
    File file = take(File::open(env, disk.path("a"), OpenMode::kCreate));
    const std::vector<std::byte> bytes(2 * kDiskBytes, std::byte{1});
    expect_error(file.write_all(bytes, {0}), Errc::kNoSpace);
    expect_eq(take(file.bytes()), kDiskBytes);
  });
  s.test("populating a hole fails without a signal, and works once there is room", [] {
    const TinyFileSystem disk(kDiskBytes);
    EnvPosix env;
    File file = take(File::open(env, disk.path("hole"), OpenMode::kCreate));
    take(file.resize(2 * kDiskBytes));
    const Mapping mapping = take(Mapping::map(file, {0}, 2 * kDiskBytes, MapMode::kReadWrite));
    const Result<void> populated = mapping.populate(0, 2 * kDiskBytes);
    if (!populated && populated.error().code == Errc::kUnsupported) skip("no MADV_POPULATE_WRITE");
    expect_error(populated, Errc::kNoSpace);
    expect_eq(populated.error().sys_errno, ENOSPC);
    expect(populated.error().message.find(disk.path("hole")) != std::string::npos);
    take(file.punch({0}, kDiskBytes));
    expect_ok(mapping.populate(kDiskBytes, kDiskBytes));
    std::fill_n(mapping.bytes().data() + kDiskBytes, kDiskBytes, std::byte{7});
  });
  s.test("a full disk is told even of a file that was unlinked", [] {
    const TinyFileSystem disk(kDiskBytes);
    EnvPosix env;
    File file = take(File::open(env, disk.path("a"), OpenMode::kCreate));
    take(file.resize(2 * kDiskBytes));
    const Mapping mapping = take(Mapping::map(file, {0}, 2 * kDiskBytes, MapMode::kReadWrite));
    take(env.unlink(disk.path("a")));
    expect_error(mapping.populate(0, 2 * kDiskBytes), Errc::kNoSpace);
  });
  s.test("populating pages behind the end of a truncated file is no matter of space", [] {
    const TinyFileSystem disk(16 * kMiB);
    EnvPosix env;
    File file = take(File::open(env, disk.path("cut"), OpenMode::kCreate));
    take(file.resize(3 * kPageBytes));
    const Mapping mapping = take(Mapping::map(file, {0}, 3 * kPageBytes, MapMode::kReadWrite));
    take(file.resize(kPageBytes));
    for (const std::size_t at : {std::size_t{0}, kPageBytes, 2 * kPageBytes}) {
      const Case round("from", at);
      const Result<void> populated = mapping.populate(at, 3 * kPageBytes - at);
      if (!expect_error(populated, Errc::kIo)) continue;
      expect(populated.error().message.find("truncated") != std::string::npos,
             populated.error().message);
    }
    expect_ok(mapping.populate(0, kPageBytes));
  });
  s.test("the probe for mapped writes says that the disk is full, not that it is unfit", [] {
    const TinyFileSystem disk(kDiskBytes);
    EnvPosix env;
    expect_eq(take(env.supports_mapped_writes(disk.path())), true);
    File file = take(File::open(env, disk.path("fill"), OpenMode::kCreate));
    take(file.reserve({0}, kDiskBytes));
    expect_error(env.supports_mapped_writes(disk.path()), Errc::kNoSpace);
  });
  s.test("a read-only file system is a matter of permission", [] {
    TinyFileSystem disk(kDiskBytes);
    disk.make_read_only();
    EnvPosix env;
    expect_error(env.open(disk.path("a"), OpenMode::kCreate), Errc::kPermission);
    expect_error(env.make_directory(disk.path("d")), Errc::kPermission);
    expect_error(env.supports_mapped_writes(disk.path()), Errc::kPermission);
  });
});

const Suite env_posix_tests("env_posix", [](Suite& s) {
  s.test("descriptors do not survive an exec", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    const auto modes = {OpenMode::kCreate, OpenMode::kCreateEmpty, OpenMode::kRead,
                        OpenMode::kReadWrite};
    for (const OpenMode mode : modes) {
      const FileId file = take(env.open(scratch.path("a"), mode));
      expect((::fcntl(static_cast<int>(file), F_GETFD) & FD_CLOEXEC) != 0);
      env.close(file);
    }
  });
  s.test("a gather write of more pieces than one call takes is short, not refused", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    File file = take(File::open(env, scratch.path("a"), OpenMode::kCreate));
    const std::vector<std::byte> bytes = Random().bytes(5000);
    std::vector<Bytes> pieces;
    for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(Bytes(bytes).subspan(i, 1));
    take(file.writev_all(pieces, {3}));
    std::vector<std::byte> read(bytes.size());
    take(file.read_exactly(read, {3}));
    expect_eq(read, bytes);
  });
  s.test("an error of an open file names its path", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    const FileId file = take(env.open(scratch.path("a"), OpenMode::kCreate));
    env.close(file);
    const FileId readable = take(env.open(scratch.path("a"), OpenMode::kRead));
    const Result<std::size_t> written = env.pwrite(readable, text_bytes("x"), {0});
    expect_error(written, Errc::kIo);
    expect(written.error().message.find(scratch.path("a")) != std::string::npos,
           written.error().message);
    env.close(readable);
  });
  s.test("wakes all waiters in other processes, through mappings they only read", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    File file = take(File::open(env, scratch.path("a"), OpenMode::kCreate));
    take(file.resize(kPageBytes));
    const Mapping writer = take(Mapping::map(file, {0}, kPageBytes, MapMode::kReadWrite));
    auto& word = *new (writer.bytes().data()) std::atomic<std::uint32_t>(0);
    const std::array<pid_t, 2> children = {fork_waiter(env, file), fork_waiter(env, file)};
    for (const pid_t child : children) {
      while (!is_asleep(child)) std::this_thread::yield();
    }
    // Release: pairs with the acquire of the waiters.
    word.store(1, std::memory_order_release);
    env.wake_all(word);
    for (const pid_t child : children) {
      int status = 0;
      expect_eq(::waitpid(child, &status, 0), child);
      expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child was woken");
    }
  });
  s.test("nothing exists below a file, and that is no error", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    take(File::open(env, scratch.path("a"), OpenMode::kCreate));
    expect_eq(take(env.exists(scratch.path("a/b"))), false);
  });
  s.test("leaves nothing behind in a probed folder", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    take(env.supports_mapped_writes(scratch.path()));
    expect(take(env.list(scratch.path())).empty());
  });
  s.test("does not trust file systems that are not files on a disk", [] {
    EnvPosix env;
    expect(!env.supports_mapped_writes("/proc").ok());
  });
  s.test("reads a boot id from any spelling of a UUID, and nothing else", [] {
    const std::string id = take(posix::id_of_uuid("00112233-4455-6677-8899-aAbBcCdDeEfF"));
    expect_eq(id.size(), 16u);
    expect_eq(text_bytes(id).subspan(10), text_bytes("\xAA\xBB\xCC\xDD\xEE\xFF"));
    expect_error(posix::id_of_uuid("00112233-4455-6677-8899-aabbccddeef"), Errc::kIo);
    expect_error(posix::id_of_uuid("00112233-4455-6677-8899-aabbccddeeff00"), Errc::kIo);
    expect_error(posix::id_of_uuid(""), Errc::kIo);
  });
});

// A machine whose reads do not see stores, as with a share that two caches serve.
class IncoherentEnv final : public EnvForwarding {
 public:
  using EnvForwarding::EnvForwarding;
  Result<std::size_t> pread(FileId, MutableBytes into, FileOffset) override {
    std::ranges::fill(into, std::byte{0});
    return into.size();
  }
};

// The same the other way about: writes do not reach mappings.
class DeafEnv final : public EnvForwarding {
 public:
  using EnvForwarding::EnvForwarding;
  Result<std::size_t> pwrite(FileId, Bytes from, FileOffset) override { return from.size(); }
};

const Suite probe_tests("mapped_write_probe", [](Suite& s) {
  s.test("trusts coherent mappings", [] {
    EnvMemory env;
    expect_eq(take(probe_mapped_writes(env, "/")), true);
  });
  s.test("does not trust mappings that reads or writes pass by", [] {
    EnvMemory memory;
    IncoherentEnv incoherent(memory);
    expect_eq(take(probe_mapped_writes(incoherent, "/")), false);
    DeafEnv deaf(memory);
    expect_eq(take(probe_mapped_writes(deaf, "/")), false);
  });
  s.test("does not trust what cannot be mapped or populated", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    env.plan({.call = EnvCall::kMap, .sys_errno = ENODEV});
    expect_eq(take(probe_mapped_writes(env, "/")), false);
    env.plan({.call = EnvCall::kPopulate, .sys_errno = EINVAL});
    expect_eq(take(probe_mapped_writes(env, "/")), false);
    env.plan({.call = EnvCall::kPopulate, .sys_errno = ENOSPC});
    expect_error(probe_mapped_writes(env, "/"), Errc::kNoSpace);
    expect(take(env.list("/")).empty(), "no probe left behind");
  });
});

}  // namespace
}  // namespace millrace::test
