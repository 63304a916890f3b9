#pragma once

#include "core/bytes.h"
#include "core/env.h"
#include "core/result.h"
#include "core/segment_list.h"

namespace millrace {

// Takes the seal off a segment after a crash of the system: it may tell of frames, or of a segment
// behind, that the crash took, and was written without a sync of what it tells of: only a writer
// that never syncs leaves such. Nobody needs it to read. `bytes` is the mapped segment. Writes only
// if there is one.
Result<void> drop_seal(Env& env, const Segment& segment, Bytes bytes);

}  // namespace millrace
