#pragma once

#include <cstdint>

#include "core/bytes.h"
#include "core/env.h"
#include "core/found_frames.h"
#include "core/result.h"
#include "core/segment_list.h"

namespace millrace {

// Makes a segment's list of writers name each whose frames were found, and none that contradicts
// them: who began inside of a frame, below one of an earlier writer, or, where no writer comes
// back, behind the end. Writers whose frames were lost stay listed otherwise, unless the list makes
// no sense in a segment of which nothing was promised: then it is made anew. None stays that is
// later than `last_epoch`, the last writer there was, which the next one could not follow. `bytes`
// is the mapped segment. Writes only if something changes.
Result<void> repair_writers(Env& env, const Segment& segment, Bytes bytes, const FoundFrames& found,
                            std::uint64_t last_epoch);

// Takes the writer off a segment's list that died between storing its number and its place: another
// one behind it would make it look like damage.
Result<void> drop_half_noted(Env& env, const Segment& segment, Bytes bytes);

}  // namespace millrace
