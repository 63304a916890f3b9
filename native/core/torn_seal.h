#pragma once

#include "core/bytes.h"
#include "core/env.h"
#include "core/result.h"
#include "core/segment_list.h"

namespace millrace {

// Takes the seal off the segment in which a log ends after a crash of the system, and has not ended
// by itself: the seal tells of frames, or of a segment behind, that the crash took. Only a writer
// that never syncs leaves such. `bytes` is the mapped segment. Writes only if there is one.
Result<void> drop_torn_seal(Env& env, const Segment& segment, Bytes bytes);

}  // namespace millrace
