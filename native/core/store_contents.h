#pragma once

#include <string>

#include "core/env.h"
#include "core/memory_image.h"
#include "core/result.h"

namespace millrace {

// Adds what the segments of a log hold to `contents`, as its files say: heads and frames up to the
// commit mark. Frames are settled; of every segment but the last, so is the head. Files that are
// made ready and hold nothing yet are empty. A folder without a control page has no segments.
// Nobody appends meanwhile.
Result<void> add_log_contents(Env& env, const std::string& directory, FileContents& contents);

}  // namespace millrace
