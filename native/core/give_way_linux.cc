#if defined(__linux__)

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "core/give_way.h"

namespace millrace {

// A nice value is a thread's own here. Not SCHED_IDLE: such a thread may stop for seconds in the
// middle of a system call, holding what the others then wait for.
void give_way(Haste haste) noexcept {
  constexpr int kNicest = 19;
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  // Behind whatever the process was given; -1 may be an error, which leaves a plain process.
  const int own = ::getpriority(PRIO_PROCESS, thread);
  (void)::setpriority(PRIO_PROCESS, thread,
                      std::min(own + (haste == Haste::kSome ? 5 : 10), kNicest));
}

}  // namespace millrace

#endif
