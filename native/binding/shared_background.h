#pragma once

#include <memory>

#include "core/background.h"

namespace millrace {

// The helper threads of this process, shared by all engines of all environments: started with the
// first engine that posts, joined when the last engine lets go. Any thread may call.
[[nodiscard]] std::shared_ptr<Background> shared_background();

}  // namespace millrace
