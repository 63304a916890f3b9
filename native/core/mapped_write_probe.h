#pragma once

#include <string>

#include "core/env.h"
#include "core/result.h"

namespace millrace {

// Whether a store through a mapping of a new file in `directory` is what a read returns, and a
// write is what a load returns: false on shares and sandboxes whose mappings are missing or
// incoherent. An error when not even a small file can be made, or the disk is full.
Result<bool> probe_mapped_writes(Env& env, const std::string& directory);

}  // namespace millrace
