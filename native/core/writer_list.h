#pragma once

#include <cstdint>

#include "core/bytes.h"
#include "core/env.h"
#include "core/result.h"
#include "core/segment_list.h"
#include "core/units.h"

namespace millrace {

// Makes a segment's list of writers name each whose frames lie in [from, end), which have been
// verified; `from` is where a frame begins, `bytes` the mapped segment, `last_epoch` at least that
// of every frame. Writers whose frames were lost stay listed, unless the list makes no sense in a
// segment of which nothing was promised: then it is made anew. None stays that is later than the
// last one, which the next writer could not follow. Writes only if something changes.
Result<void> repair_writers(Env& env, const Segment& segment, Bytes bytes, FileOffset from,
                            FileOffset end, std::uint64_t last_epoch);

// Takes the writer off a segment's list that died between storing its number and its place: another
// one behind it would make it look like damage.
Result<void> drop_half_noted(Env& env, const Segment& segment, Bytes bytes);

}  // namespace millrace
