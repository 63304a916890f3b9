#pragma once

#include "core/bytes.h"
#include "core/file.h"
#include "core/result.h"
#include "core/units.h"

namespace millrace {

// Writes bytes to a part of a file that has never been written to: what is zero of them, in larger
// pieces, stays a hole.
Result<void> write_sparsely(File& file, Bytes bytes, FileOffset at);

}  // namespace millrace
