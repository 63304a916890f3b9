#pragma once

#include "core/bytes.h"
#include "core/env.h"
#include "core/result.h"
#include "core/segment_list.h"
#include "core/units.h"

namespace millrace {

// Makes the index of a segment say what its frames say, from the frames at `from` on: slots of
// frames up to `end` are as the writer would have stored them, slots behind are zeros. The index
// below `from` and the frames up to `end` have been verified; `bytes` is the mapped segment. Writes
// only what differs.
Result<void> repair_index(Env& env, const Segment& segment, Bytes bytes, FileOffset from,
                          FileOffset end);

}  // namespace millrace
