#pragma once

#include <cstdint>
#include <vector>

#include "core/result.h"
#include "core/segment_header.h"
#include "core/segment_rewrite.h"
#include "core/tail_scan.h"
#include "core/units.h"

namespace millrace {

// Segments that take the place of those that are missing between two others.
struct MissingSegments {
  LogIdentity identity;
  const SegmentHeader* before;
  const SegmentHeader* after;
  LogPosition tail;  // where the frames of `before` end
  FrameOrder order;  // and what follows them
  std::uint64_t writer_count = 0;
};

// Gaps over all their numbers, so that positions stay what they are. kCorrupt when the two others
// overlap. The salts are still to be drawn.
Result<std::vector<RewriteTerms>> gap_segments(const MissingSegments& missing);

}  // namespace millrace
