#pragma once

#include "core/bytes.h"
#include "core/env.h"
#include "core/found_frames.h"
#include "core/result.h"
#include "core/segment_list.h"

namespace millrace {

// Makes zeros of the bytes that belong to no frame of a segment: those that fill up the frames
// which were found and, where no writer comes back to, those behind the last one, but for the pad
// in front of `next`, the segment that follows. Nothing reads them; but verify takes them for
// damage where a log was closed. `bytes` is the mapped segment. Writes only what is not zero.
Result<void> erase_loose_bytes(Env& env, const Segment& segment, Bytes bytes,
                               const FoundFrames& found, const Segment* next);

}  // namespace millrace
