#pragma once

#include <string>

#include "core/env.h"
#include "core/result.h"

namespace millrace {

// The folder `quarantine` of a log keeps for ever what was taken out of it. A name that is taken
// there gets a number: nothing replaces anything.

// Moves a file of the log in `directory` there; answers its new path. The caller syncs `directory`.
Result<std::string> move_aside(Env& env, const std::string& directory, const std::string& name);

// Copies it there, and the copy is on the disk when this returns; answers its path.
Result<std::string> copy_aside(Env& env, const std::string& directory, const std::string& name);

}  // namespace millrace
