#include "core/file.h"

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "test/test.h"

namespace millrace::test {
namespace {

std::vector<std::byte> content_of(File& file) {
  std::vector<std::byte> content(take(file.bytes()));
  take(file.read_exactly(content, {0}));
  return content;
}

const Suite file_tests("file", [](Suite& s) {
  s.test("reads back what was written, at the offset it was written to", [] {
    EnvMemory env;
    File file = take(File::open(env, "a", OpenMode::kCreate));
    take(file.write_all(text_bytes("world"), {5}));
    take(file.write_all(text_bytes("hello"), {0}));
    expect_eq(content_of(file), text_bytes("helloworld"));
  });
  s.test("a file that ends too early is corrupt, and the message names it and the place", [] {
    EnvMemory env;
    File file = take(File::open(env, "dir.seg", OpenMode::kCreate));
    take(file.write_all(text_bytes("abc"), {0}));
    std::array<std::byte, 8> into{};
    const Result<void> read = file.read_exactly(into, {1});
    expect_error(read, Errc::kCorrupt);
    expect(read.error().message.find("dir.seg") != std::string::npos, read.error().message);
    expect(read.error().message.find("byte 3") != std::string::npos, read.error().message);
    expect_eq(take(file.read_up_to(into, {1})), 2u);
    expect_eq(take(file.read_up_to(into, {100})), 0u);
  });
  s.test("continues short reads and writes to their end", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    env.plan({.effect = Fault::Effect::kShort, .repeat = Fault::Repeat::kForever});
    File file = take(File::open(env, "a", OpenMode::kCreate));
    Random random;
    const std::vector<std::byte> bytes = random.bytes(1000);
    take(file.write_all(bytes, {7}));
    std::vector<std::byte> read(bytes.size());
    take(file.read_exactly(read, {7}));
    expect_eq(read, bytes);
    expect_ge(env.call_count(EnvCall::kWrite), 5u);
    expect_ge(env.call_count(EnvCall::kRead), 5u);
  });
  s.test("writes the pieces of a gather write in order, wherever a call stops", [] {
    const std::vector<std::byte> all = Random(1).bytes(64);
    const Bytes bytes(all);
    const std::array<Bytes, 6> pieces = {bytes.first(0),       bytes.subspan(0, 1),
                                         bytes.subspan(1, 20), bytes.subspan(21, 0),
                                         bytes.subspan(21, 3), bytes.subspan(24, 40)};
    for (std::uint64_t nth = 1; nth <= 4; ++nth) {
      const Case round("nth short write", nth);
      EnvMemory memory;
      EnvFaulting env(memory);
      env.plan({.call = EnvCall::kWrite, .nth = nth, .effect = Fault::Effect::kShort});
      File file = take(File::open(env, "a", OpenMode::kCreate));
      take(file.writev_all(pieces, {0}));
      expect_eq(content_of(file), all);
    }
    EnvMemory memory;
    EnvFaulting env(memory);
    env.plan({.effect = Fault::Effect::kShort, .repeat = Fault::Repeat::kForever});
    File file = take(File::open(env, "a", OpenMode::kCreate));
    take(file.writev_all(pieces, {0}));
    expect_eq(content_of(file), all);
  });
  s.test("an interrupted call is repeated, whichever it is", [] {
    const auto run = [](Env& env) {
      File file = take(File::open(env, "a", OpenMode::kCreate));
      take(file.lock_exclusive());
      take(file.reserve({0}, 100));
      take(file.write_all(text_bytes("abc"), {0}));
      take(file.sync_data());
      take(file.punch({50}, 10));
      take(file.resize(3));
      expect_eq(content_of(file), text_bytes("abc"));
    };
    EnvMemory memory;
    EnvFaulting counter(memory);
    run(counter);
    // The length is asked for too; no signal interrupts that.
    const std::uint64_t calls = counter.call_count() - counter.call_count(EnvCall::kFileBytes);
    expect_ge(calls, 8u);
    for (std::uint64_t nth = 1; nth <= calls; ++nth) {
      const Case round("interrupted call", nth);
      EnvMemory fresh;
      EnvFaulting env(fresh);
      env.plan({.nth = nth, .sys_errno = EINTR});
      run(env);
      expect_eq(env.fault_count(), 1u);
    }
  });
  s.test("a call that is interrupted for ever is an error in the end", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    File file = take(File::open(env, "a", OpenMode::kCreate));
    env.plan({.sys_errno = EINTR, .repeat = Fault::Repeat::kForever});
    const Result<void> written = file.write_all(text_bytes("abc"), {0});
    expect_error(written, Errc::kIo);
    expect_eq(written.error().sys_errno, EINTR);
  });
  s.test("a full disk is reported with its errno and the path", [] {
    EnvMemory memory;
    EnvFaulting env(memory);
    File file = take(File::open(env, "a.seg", OpenMode::kCreate));
    env.plan({.call = EnvCall::kWrite, .sys_errno = ENOSPC});
    const Result<void> written = file.write_all(text_bytes("abc"), {0});
    expect_error(written, Errc::kNoSpace);
    expect_eq(written.error().sys_errno, ENOSPC);
    expect(written.error().message.find("a.seg") != std::string::npos, written.error().message);
  });
  s.test("closes what it holds when it goes away or is assigned to", [] {
    EnvMemory env;  // asserts in its destructor that every file was closed
    File one = take(File::open(env, "a", OpenMode::kCreate));
    File two = take(File::open(env, "b", OpenMode::kCreate));
    const FileId second = two.id();
    one = std::move(two);
    expect_eq(one.path(), "b");
    expect(one.id() == second);
    const FileId reused = take(env.open("c", OpenMode::kCreate));
    expect(reused != second, "the assigned-to file was closed, not the assigned one");
    env.close(reused);
  });
});

}  // namespace
}  // namespace millrace::test
