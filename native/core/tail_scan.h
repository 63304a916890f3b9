#pragma once

#include <cstdint>
#include <optional>

#include "core/bytes.h"
#include "core/frame.h"
#include "core/segment_header.h"
#include "core/units.h"

namespace millrace {

// What the next frame has to follow.
struct FrameOrder {
  Sequence next;            // the sequence number it must carry
  ArrivalTime arrival;      // it arrived no earlier
  std::uint16_t epoch = 0;  // its writer is the same or a later one
};

enum class ScanStop : std::uint8_t {
  kLimit,         // every frame up to the limit is good
  kNeverWritten,  // zeros: the end of what was written
  kPad,           // the segment ends here on purpose
  kShardEnd,      // the log ends behind this frame
  kBadFrame,      // the bytes are no frame of this segment
  kBadOrder,      // a whole frame, but not the next one: left over from an earlier writer
};

// What a walk over frames found. Everything before `end` is whole and in order.
struct TailScan {
  ScanStop stop = ScanStop::kLimit;
  FileOffset end;
  FrameOrder order;  // behind the last good frame
  FrameFault fault = FrameFault::kNone;
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  ArrivalTime first_arrival;  // of the first record, if there is one
};

// What the first frame of a segment has to follow, whoever wrote it.
[[nodiscard]] FrameOrder opening_order(Bytes segment, const SegmentHeader& header) noexcept;

// Walks the frames of a mapped segment from `from`, where a frame starts, to `limit`, and believes
// each only if its length, checksum, sequence, time and epoch are right. Without `order` the first
// frame is taken as it is, if whole. Pure; owns nothing, so it may run guarded.
[[nodiscard]] TailScan scan_frames(Bytes segment, const SegmentHeader& header, FileOffset from,
                                   FileOffset limit, std::optional<FrameOrder> order) noexcept;

// Whole frames of this segment that lie at or behind `from`, found through the index: what a cut
// there takes away. For the report only.
[[nodiscard]] std::uint64_t count_frames_behind(Bytes segment, const SegmentHeader& header,
                                                FileOffset from) noexcept;

}  // namespace millrace
