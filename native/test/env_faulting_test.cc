#include "core/env_faulting.h"

#include <array>
#include <cerrno>
#include <thread>
#include <vector>

#include "core/env_memory.h"
#include "core/file.h"
#include "core/mapping.h"
#include "test/test.h"

namespace millrace::test {
namespace {

// A little of everything; stops at the first failure and returns its errno, 0 when all went well.
int run_scenario(Env& env) {
  const auto failed = [](const auto& result) { return result.ok() ? 0 : result.error().sys_errno; };
  if (int error = failed(env.supports_mapped_writes("/")); error != 0) return error;
  if (int error = failed(env.boot_id()); error != 0) return error;
  if (int error = failed(env.make_directory("d")); error != 0) return error;
  if (int error = failed(env.exists("d/a")); error != 0) return error;
  Result<File> file = File::open(env, "d/a", OpenMode::kCreate);
  if (!file) return file.error().sys_errno;
  if (int error = failed(file->lock_exclusive()); error != 0) return error;
  if (int error = failed(file->reserve({0}, kPageBytes)); error != 0) return error;
  if (int error = failed(file->write_all(text_bytes("abc"), {0})); error != 0) return error;
  if (int error = failed(file->sync_data()); error != 0) return error;
  Result<Mapping> mapping = Mapping::map(*file, {0}, kPageBytes, MapMode::kReadWrite);
  if (!mapping) return mapping.error().sys_errno;
  if (int error = failed(mapping->populate(0, kPageBytes)); error != 0) return error;
  if (int error = failed(mapping->sync(*file, 0, kPageBytes)); error != 0) return error;
  if (int error = failed(mapping->load(0, kPageBytes)); error != 0) return error;
  if (int error = failed(env.allocated_bytes(file->id())); error != 0) return error;
  if (int error = failed(env.shares_flush_below(file->id())); error != 0) return error;
  if (int error = failed(env.is_locked(file->id())); error != 0) return error;
  std::array<std::uint8_t, 1> resident{};
  const Result<void> asked = mapping->residency(0, kPageBytes, resident);
  if (!asked && asked.error().code != Errc::kUnsupported) return asked.error().sys_errno;
  std::array<std::byte, 16> bytes{};
  if (int error = failed(env.random_bytes(bytes)); error != 0) return error;
  if (int error = failed(file->read_exactly(bytes, {0})); error != 0) return error;
  if (int error = failed(env.rename("d/a", "d/b")); error != 0) return error;
  if (int error = failed(env.sync_directory("d")); error != 0) return error;
  if (int error = failed(env.list("d")); error != 0) return error;
  if (int error = failed(file->punch({0}, 10)); error != 0) return error;
  if (int error = failed(file->resize(10)); error != 0) return error;
  if (int error = failed(env.unlink("d/b")); error != 0) return error;
  std::atomic<std::uint32_t> word{0};
  if (int error = failed(env.wait_on(word, 1, 0)); error != 0) return error;
  const WaitWord waited{&word, 1};
  if (int error = failed(env.wait_any({&waited, 1}, 0)); error != 0) return error;
  return failed(env.remove_directory("d"));
}

const Suite env_faulting_tests("env_faulting", [](Suite& s) {
  s.test("every single call of a scenario can be made to fail, with the planned errno", [] {
    EnvMemory memory;
    EnvFaulting counter(memory);
    expect_eq(run_scenario(counter), 0);
    const std::uint64_t calls = counter.call_count();
    for (std::size_t call = 0; call < kEnvCallCount; ++call) {
      const Case round("call", call);
      expect_ge(counter.call_count(static_cast<EnvCall>(call)), 1u);
    }
    for (std::uint64_t nth = 1; nth <= calls; ++nth) {
      const Case round("nth call", nth);
      EnvMemory fresh;
      EnvFaulting env(fresh);
      env.plan({.nth = nth, .sys_errno = EDQUOT});
      expect_eq(run_scenario(env), EDQUOT);
      expect_eq(env.call_count(), nth);
      expect_eq(env.fault_count(), 1u);
    }
    EnvMemory fresh;
    EnvFaulting env(fresh);
    env.plan({.nth = calls + 1});
    expect_eq(run_scenario(env), 0);
  });
  s.test("fails once, or from then on until the plans are cleared", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    env.plan({.call = EnvCall::kExists, .nth = 2});
    expect_ok(env.exists("a"));
    expect_error(env.exists("a"), Errc::kIo);
    expect_ok(env.exists("a"));
    env.plan({.call = EnvCall::kExists, .nth = 2, .repeat = Fault::Repeat::kForever});
    expect_ok(env.exists("a"));
    for (int i = 0; i < 5; ++i) expect_error(env.exists("a"), Errc::kIo);
    expect_ok(env.list("/"));
    env.clear();
    expect_ok(env.exists("a"));
    expect_eq(env.fault_count(), 6u);
  });
  s.test("picks calls by the path of their file, mapping or name", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    File data = take(File::open(env, "data.seg", OpenMode::kCreate));
    File control = take(File::open(env, "ctl", OpenMode::kCreate));
    take(data.resize(kPageBytes));
    take(control.resize(kPageBytes));
    const Mapping data_pages = take(Mapping::map(data, {0}, kPageBytes, MapMode::kReadWrite));
    const Mapping control_pages = take(Mapping::map(control, {0}, kPageBytes, MapMode::kReadWrite));
    env.plan({.path_part = ".seg", .sys_errno = ENOSPC, .repeat = Fault::Repeat::kForever});
    expect_ok(control.write_all(text_bytes("x"), {0}));
    expect_ok(control_pages.populate(0, 1));
    expect_error(data.write_all(text_bytes("x"), {0}), Errc::kNoSpace);
    expect_error(data_pages.populate(0, 1), Errc::kNoSpace);
    expect_error(env.rename("ctl", "new.seg"), Errc::kNoSpace);
    expect_ok(env.rename("ctl", "other"));
    expect_ok(env.boot_id());
  });
  s.test("a call that fails does not happen", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    env.plan({.call = EnvCall::kOpen});
    expect_error(env.open("a", OpenMode::kCreate), Errc::kIo);
    expect(!take(env.exists("a")));
    File file = take(File::open(env, "a", OpenMode::kCreate));
    env.plan({.call = EnvCall::kWrite});
    expect_error(file.write_all(text_bytes("abc"), {0}), Errc::kIo);
    expect_eq(take(file.bytes()), 0u);
  });
  s.test("speaks of errors as the real calls do", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    File file = take(File::open(env, "a", OpenMode::kCreate));
    env.plan({.sys_errno = EINVAL});
    expect_error(file.reserve({0}, 1), Errc::kUnsupported);
    env.plan({.sys_errno = EINVAL});
    expect_error(file.resize(1), Errc::kIo);
    env.plan({.sys_errno = EWOULDBLOCK});
    expect_error(file.lock_exclusive(), Errc::kBusy);
    env.plan({.sys_errno = EROFS});
    expect_error(env.unlink("a"), Errc::kPermission);
    env.plan({.sys_errno = EOPNOTSUPP});
    expect_error(env.sync_directory("/"), Errc::kUnsupported);
  });
  s.test("interrupts what a signal can interrupt, and nothing else", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    env.plan({.sys_errno = EINTR});
    expect_ok(env.exists("a"));
    expect_ok(env.make_directory("d"));
    expect_eq(env.fault_count(), 0u);
    const Result<FileId> interrupted = env.open("d/a", OpenMode::kCreate);
    expect_error(interrupted, Errc::kIo);
    expect_eq(interrupted.error().sys_errno, EINTR);
    expect_eq(env.first_fault(), std::string("open d/a"));
  });
  s.test("shortens transfers of several bytes and leaves other calls alone", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    const FileId file = take(env.open("a", OpenMode::kCreate));
    env.plan({.effect = Fault::Effect::kShort, .repeat = Fault::Repeat::kForever});
    expect_ok(env.resize(file, 100));
    expect_eq(take(env.pwrite(file, text_bytes("seven77"), {0})), 4u);
    expect_eq(take(env.pwrite(file, text_bytes("1"), {0})), 1u);
    const std::array<Bytes, 3> pieces = {text_bytes("abc"), text_bytes("de"), text_bytes("fgh")};
    expect_eq(take(env.pwritev(file, pieces, {0})), 4u);
    std::array<std::byte, 8> into{};
    expect_eq(take(env.pread(file, into, {0})), 4u);
    expect_eq(into, text_bytes(std::string_view("abcd\0\0\0\0", 8)));
    env.close(file);
  });
  s.test("counts the calls of all threads", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    env.plan({.nth = 1000, .repeat = Fault::Repeat::kForever});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&env] {
        for (int i = 0; i < 500; ++i) [[maybe_unused]]
          const Result<bool> existed = env.exists("a");
      });
    }
    for (std::thread& thread : threads) thread.join();
    expect_eq(env.call_count(EnvCall::kExists), 2000u);
    expect_eq(env.fault_count(), 1001u);
  });
});

}  // namespace
}  // namespace millrace::test
