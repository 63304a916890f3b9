#pragma once

#include <memory>

#include "core/append_window.h"
#include "core/checkpointer.h"
#include "core/env.h"
#include "core/result.h"
#include "core/segment_header.h"
#include "core/segment_list.h"

namespace millrace {

// What the writer counted while it wrote a segment. Not known when an earlier writer began it: then
// the sealer counts.
struct SegmentTally {
  bool known = true;
  ArrivalTime first_arrival;
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
};

// Everything a finished segment's seal says, apart from what sealing itself finds out.
struct FinishedSegment {
  Segment segment;
  FileOffset data_end;
  Sequence last_sequence;
  ArrivalTime last_arrival;
  std::uint64_t epoch = 0;
  SealReason reason = SealReason::kSize;
  SegmentTally tally;
  std::shared_ptr<AppendWindow> window;
};

// Closes a finished segment for good: summary, seal block, and its unused space given back. With a
// checkpointer everything is on the disk first, and the seal when it returns. A seal that does not
// get written is no loss: the segment reads the same, recovery just cannot skip it.
Result<void> seal_segment(Env& env, const FinishedSegment& finished, Checkpointer* checkpointer);

}  // namespace millrace
