#pragma once

#include <span>

#include "core/env.h"
#include "core/result.h"

namespace millrace {

// Env::write_durably made of the Env's other calls, one after another: for those that watch or
// refuse each call.
Result<void> write_in_turn(Env& env, std::span<const DurableWrite> writes);

}  // namespace millrace
