#pragma once

#include <cstdint>
#include <string>

#include "core/env.h"
#include "core/result.h"

namespace millrace {

// Whether what the page cache has of the log in `directory` may be what a failed write left there.
// A poisoned log says so itself, unless its writer died before it could; then the page that it
// stored to last, if it was not written either, differs from the device's.
//
// Once that is found, the page says `poisoned`: whatever becomes of this opening, the next one has
// to know, too. To be asked before the page is made ready to be stored to, because then the system
// writes it, and the difference is gone.
Result<bool> is_cache_suspect(Env& env, const std::string& directory, std::uint64_t boot_hash);

}  // namespace millrace
