#pragma once

#include <span>

#include "core/env.h"
#include "core/result.h"

namespace millrace {

// All of its bytes, by as many calls as that takes. Nothing is synced.
Result<void> write_whole(Env& env, const DurableWrite& write);

// Env::write_durably made of the Env's other calls, one after another: for those that watch or
// refuse each call.
Result<void> write_in_turn(Env& env, std::span<const DurableWrite> writes);

}  // namespace millrace
