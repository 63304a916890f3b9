#if defined(__linux__)

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/give_way.h"

namespace millrace {

// A nice value is a thread's own here. Not SCHED_IDLE: such a thread may stop for seconds in the
// middle of a system call, holding what the others then wait for.
void give_way(Haste haste) noexcept {
  const int nice = haste == Haste::kSome ? 5 : 10;
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  (void)::setpriority(PRIO_PROCESS, thread, nice);
}

}  // namespace millrace

#endif
