#pragma once

#include <optional>

#include "core/bytes.h"
#include "core/segment_header.h"

namespace millrace {

// The header that a segment's first 512 bytes are, or were before one bit of them changed. The
// checksum tells: among all blocks that differ in one bit, at most one is right. Whether the file
// still has the size that the header says is not looked at.
[[nodiscard]] std::optional<SegmentHeader> mend_header(Bytes block);

}  // namespace millrace
