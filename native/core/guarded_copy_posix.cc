#if !defined(_WIN32)

#include "core/guarded_copy.h"

#include <setjmp.h>
#include <signal.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>

namespace millrace {
namespace {

// One run_guarded() in progress, on the stack of its thread.
struct GuardFrame {
  sigjmp_buf landing;
  GuardFrame* outer;
};

// The guard this thread is in, for the signal handler running on the same thread; atomic because a
// handler may read nothing else, relaxed because no other thread looks. With glibc the handler
// must not be the first to touch a thread's storage of this library, as that would allocate:
// initial-exec storage exists from the thread's start. musl allocates ahead and refuses the model.
#if defined(__GLIBC__)
[[gnu::tls_model("initial-exec")]]
#endif
constinit thread_local std::atomic<GuardFrame*> innermost{nullptr};
static_assert(std::atomic<GuardFrame*>::is_always_lock_free);

// What SIGBUS did before us. Written once, before the handler that reads it is installed.
struct sigaction previous_action;

// Whether the signal tells of this thread's own access to a page that could not be had, rather
// than of a misaligned access, of memory found bad in passing, or of somebody's kill().
bool is_failed_access(const siginfo_t& info) noexcept {
  switch (info.si_code) {
    case BUS_ADRERR:
    case BUS_OBJERR:
#if defined(BUS_MCEERR_AR)
    case BUS_MCEERR_AR:
#endif
      return true;
    default:
      return false;
  }
}

// Does what would have happened without us.
void forward(int signal_number, siginfo_t* info, void* context) noexcept {
  const bool raised_by_access = info->si_code > 0;
  if ((previous_action.sa_flags & SA_SIGINFO) == 0) {
    if (previous_action.sa_handler == SIG_IGN && !raised_by_access) return;
    if (previous_action.sa_handler == SIG_DFL || previous_action.sa_handler == SIG_IGN) {
      struct sigaction fatal = {};
      fatal.sa_handler = SIG_DFL;
      sigaction(signal_number, &fatal, nullptr);
      // The access is repeated on return and now ends the process, with its address in the core.
      if (!raised_by_access) raise(signal_number);
      return;
    }
  }
  // That handler expects the signals it asked for to be blocked while it runs.
  sigset_t blocked = previous_action.sa_mask;
  if ((previous_action.sa_flags & SA_NODEFER) == 0) sigaddset(&blocked, signal_number);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal_number, info, context);
  } else {
    previous_action.sa_handler(signal_number);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void on_sigbus(int signal_number, siginfo_t* info, void* context) {
  GuardFrame* const frame = innermost.load(std::memory_order_relaxed);
  if (frame != nullptr && is_failed_access(*info)) {
    // The jump restores no signal mask, which makes entering a guard cheap; what a return would
    // unblock is unblocked here.
    pthread_sigmask(SIG_SETMASK, &static_cast<ucontext_t*>(context)->uc_sigmask, nullptr);
    siglongjmp(frame->landing, 1);
  }
  const int errno_before = errno;
  forward(signal_number, info, context);
  errno = errno_before;
}

bool install_handler() noexcept {
  // Read first: another thread's SIGBUS may arrive as soon as the handler is in place.
  int failed = sigaction(SIGBUS, nullptr, &previous_action);
  struct sigaction action = {};
  action.sa_sigaction = on_sigbus;
  // NODEFER: a handler we forward to decides itself what is blocked meanwhile. ONSTACK: the thread
  // that faulted may have brought its own signal stack.
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  failed |= sigaction(SIGBUS, &action, nullptr);
  assert(failed == 0);  // fails only for signals that do not exist
  return failed == 0;
}

}  // namespace

// Not inlined: the frame that sigsetjmp returns to a second time holds nothing that changes after
// the first return, and the caller's values are spilled around an ordinary call.
[[gnu::noinline]] bool run_guarded(void (*body)(void*), void* context) noexcept {
  [[maybe_unused]] static const bool installed = install_handler();
  GuardFrame frame;
  frame.outer = innermost.load(std::memory_order_relaxed);
  if (sigsetjmp(frame.landing, 0) != 0) {
    innermost.store(frame.outer, std::memory_order_relaxed);
    return false;
  }
  innermost.store(&frame, std::memory_order_relaxed);
  // Hides what `body` is, so that link-time inlining cannot keep its effects in registers that the
  // jump would roll back, nor move its accesses out of the guard.
  asm volatile("" : "+r"(body), "+r"(context) : : "memory");
  body(context);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  innermost.store(frame.outer, std::memory_order_relaxed);
  return true;
}

Result<void> guarded_copy(MutableBytes to, Bytes from) {
  assert(to.size() == from.size());
  if (from.empty()) return {};
  if (guarded([&]() noexcept { std::memcpy(to.data(), from.data(), from.size()); })) return {};
  return Error{Errc::kIo, EIO,
               "copying " + std::to_string(from.size()) +
                   " bytes raised SIGBUS: a mapped file was truncated, or its device failed",
               0};
}

}  // namespace millrace

#endif
