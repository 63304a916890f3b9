#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/chunk_reader.h"
#include "core/findings.h"
#include "core/frame.h"
#include "core/segment_head.h"
#include "core/segment_terms.h"
#include "core/store_report.h"
#include "core/tail_scan.h"
#include "core/time_index.h"

namespace millrace {

// What the frames of a segment are, and what they say that index, summary and seal should be.
struct SegmentWalk {
  FramesReport frames;
  bool whole = true;  // no damage: the order of the frames is known from the first to the last
  FrameOrder order;   // behind the last good frame
  bool shard_end = false;
  std::optional<ArrivalTime> first_arrival;  // of the first record
  std::vector<IndexSlot> slots;              // zeros where no frame starts
  std::vector<bool> unknown_slots;           // hidden by damage
  std::array<bool, 2> marks_met{};           // those of the terms
};

// Looks at the frame at `at`, which must end at or below `limit`. `frame` is its stride, or what
// there is of it.
struct SeenFrame {
  FrameCheck check;
  Bytes frame;
};
Result<SeenFrame> see_frame(ChunkReader& reader, FrameSeed seed, FileOffset at, FileOffset limit);

// Walks the frames of a segment from the first to where `terms` say that they end, believing
// nothing. `index` is the segment's, as it is: behind damage, the walk goes on at the next frame
// that it names. Damage to promised frames becomes findings about `file`.
SegmentWalk walk_segment(ChunkReader& reader, const SegmentHead& head, const SegmentTerms& terms,
                         const TimeIndex& index, const std::string& file, Findings& findings);

}  // namespace millrace
