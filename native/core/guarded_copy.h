#pragma once

#include <memory>
#include <type_traits>

#include "core/bytes.h"
#include "core/result.h"

namespace millrace {

// Touching mapped pages of a failing device or a truncated file raises SIGBUS, which ends the
// process. Code that runs inside a guard gets `false` instead.
//
// The first guard of a process installs a SIGBUS handler. It acts only on a fault raised by the
// thread that is inside a guard at that moment; every other SIGBUS goes to the action that was
// installed before. Guards may nest and may run on any number of threads at once.

// Runs body(context) and returns true, or returns false when a load or store in it raised SIGBUS.
// Behaves as an opaque call: the compiler must assume that it changed whatever `context` reaches.
// Use guarded() below.
[[nodiscard]] bool run_guarded(void (*body)(void*), void* context) noexcept;

// Runs `body` under the guard; false when it was cut short by SIGBUS. What it wrote until then is
// written. Because it may be left at any load or store, it must not own anything: no locks, no
// allocations, no locals with destructors. What it captures by reference is valid afterwards.
template <typename Body>
  requires std::is_nothrow_invocable_r_v<void, Body&>
[[nodiscard]] bool guarded(Body&& body) noexcept {
  using Callable = std::remove_reference_t<Body>;
  return run_guarded([](void* context) { (*static_cast<Callable*>(context))(); },
                     const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

// memcpy of two ranges of equal size that do not overlap, either of which may be mapped. kIo when
// a page could not be read or written; any part of `to` may have been written by then.
Result<void> guarded_copy(MutableBytes to, Bytes from);

}  // namespace millrace
