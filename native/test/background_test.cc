#include "core/background.h"

#if defined(__linux__)

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "test/test.h"

namespace millrace::test {
namespace {

int nice_of_this_thread() {
  return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)));
}

const Suite background_tests("background", [](Suite& s) {
  s.test("its threads give way to those that somebody waits for, the slower one more", [] {
    const int own = nice_of_this_thread();
    Background background;
    int of_pages = 0;
    int of_sync = 0;
    background.post(Background::Lane::kPages, [&of_pages] { of_pages = nice_of_this_thread(); });
    background.post(Background::Lane::kSync, [&of_sync] { of_sync = nice_of_this_thread(); });
    background.drain();
    expect_eq(of_pages, std::min(own + 5, 19));
    expect_eq(of_sync, std::min(own + 10, 19));
    expect_eq(nice_of_this_thread(), own);
  });
});

}  // namespace
}  // namespace millrace::test

#endif
