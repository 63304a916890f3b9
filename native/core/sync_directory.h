#pragma once

#include <string>

#include "core/env.h"
#include "core/result.h"
#include "core/uninterrupted.h"

namespace millrace {

// The names in a folder are on the disk when it returns. As with File::sync_data(), a failure is
// not to be tried again.
[[nodiscard]] inline Result<void> sync_directory(Env& env, const std::string& path) {
  return uninterrupted([&] { return env.sync_directory(path); });
}

}  // namespace millrace
