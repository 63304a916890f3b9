#pragma once

#include <cstdint>

#include "core/env.h"
#include "core/result.h"

namespace millrace {

// What ControlPage::boot_hash holds for this boot.
Result<std::uint64_t> current_boot_hash(Env& env);

}  // namespace millrace
