#pragma once

#include <cstdint>
#include <vector>

#include "core/segment_header.h"
#include "core/units.h"
#include "fuzz/byte_source.h"
#include "fuzz/file_image.h"

namespace millrace::fuzz {

// Where a log is when a segment of it begins, and then where it ends.
struct ForgedPlace {
  LogPosition position;
  Sequence next = kFirstSequence;
  Sequence last{0};
  ArrivalTime arrival{0};
  std::uint64_t epoch = 1;
  std::uint32_t ordinal = 0;
  bool ended = false;  // by a shard end
};

// The bytes of one segment as a writer would have left them, but for what the input changes:
// whatever it changes in front of a checksum, the checksum is mostly made to fit.
struct ForgedSegment {
  FileImage image{0};
  SegmentHeader header{};                // as it was meant
  std::vector<std::uint64_t> frames_at;  // file offsets, in order
  std::vector<LogPosition> ends;         // positions behind each frame but the pad
  bool crafted = false;                  // a checksum was made to fit what no writer writes
};

// `place` is moved behind the segment. `closes` says that another segment follows.
ForgedSegment forge_segment(ByteSource& in, const LogIdentity& identity, ForgedPlace& place,
                            bool closes);

}  // namespace millrace::fuzz
