#include "core/directory_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "core/env_memory.h"
#include "core/env_posix.h"
#include "test/test.h"

namespace millrace::test {
namespace {

void excludes_and_releases(Env& env, const std::string& directory) {
  std::optional<DirectoryLock> first = take(DirectoryLock::acquire(env, directory));
  const Result<DirectoryLock> second = DirectoryLock::acquire(env, directory);
  expect_error(second, Errc::kBusy);
  expect(second.error().message.find(directory) != std::string::npos, second.error().message);
  expect(second.error().message.find("another process") != std::string::npos);
  first.reset();
  expect_ok(DirectoryLock::acquire(env, directory));
}

const Suite directory_lock_tests("directory_lock", [](Suite& s) {
  s.test("excludes a second owner in this process until it is released, on disk", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    excludes_and_releases(env, scratch.path());
  });
  s.test("excludes a second owner until it is released, in memory", [] {
    EnvMemory env;
    take(env.make_directory("store"));
    excludes_and_releases(env, "store");
  });
  s.test("is held by a process and given up by its death", [] {
    const ScratchDirectory scratch;
    EnvPosix env;
    int ready[2];
    int leave[2];
    expect(::pipe(ready) == 0 && ::pipe(leave) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const Result<DirectoryLock> lock = DirectoryLock::acquire(env, scratch.path());
      char state = lock.ok() ? 'y' : 'n';
      ::close(leave[1]);
      if (::write(ready[1], &state, 1) != 1) ::_exit(2);
      if (::read(leave[0], &state, 1) < 0) ::_exit(3);
      ::_exit(0);  // without destructors: as a crash would
    }
    ::close(leave[0]);
    char state = 0;
    expect_eq(::read(ready[0], &state, 1), 1);
    expect(state == 'y', "the child took the lock");
    expect_error(DirectoryLock::acquire(env, scratch.path()), Errc::kBusy);
    ::close(leave[1]);
    ::close(ready[0]);
    ::close(ready[1]);
    int status = 0;
    expect_eq(::waitpid(child, &status, 0), child);
    expect_ok(DirectoryLock::acquire(env, scratch.path()));
  });
  s.test("needs the directory", [] {
    EnvMemory env;
    expect_error(DirectoryLock::acquire(env, "missing"), Errc::kNotFound);
  });
});

}  // namespace
}  // namespace millrace::test
