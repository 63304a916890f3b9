#pragma once

#include <cstdint>

#include "core/bytes.h"
#include "core/env.h"
#include "core/result.h"
#include "core/segment_list.h"
#include "core/units.h"

namespace millrace {

enum class IndexRepair : std::uint8_t {
  kDifferences,  // only what differs is written
  kAll,          // the file's cached pages, even if they are right, may not be on the disk
};

// Makes the index of a segment say what its frames say, from the frames at `from` on: slots of
// frames up to `end` are as the writer would have stored them, and what lies behind is zeros up to
// the data. The index below `from` and the frames up to `end` have been verified; `bytes` is the
// mapped segment.
Result<void> repair_index(Env& env, const Segment& segment, Bytes bytes, FileOffset from,
                          FileOffset end, IndexRepair how);

}  // namespace millrace
