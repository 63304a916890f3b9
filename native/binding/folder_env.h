#pragma once

#include <memory>

#include "core/env.h"

namespace millrace {

// What writes a store in a folder: the machine itself, or, in an addon that is built for it, the
// machine with somebody watching.
[[nodiscard]] std::shared_ptr<Env> make_folder_env();

}  // namespace millrace
