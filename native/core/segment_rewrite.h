#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/file.h"
#include "core/frame.h"
#include "core/result.h"
#include "core/scan_meter.h"
#include "core/segment_header.h"
#include "core/units.h"

namespace millrace {

// A frame that takes the place of others that were lost.
struct Filling {
  FrameType type = FrameType::kGap;  // or kShardEnd, whose number is `first`
  FileOffset from;
  FileOffset to;
  Sequence first;
  Sequence last;
  ArrivalTime arrival;
  std::uint16_t epoch = 0;
};

// Gaps over the numbers [first, last] that fill [from, to) to the byte, so that every position
// behind stays what it was. nullopt: no frames of these numbers can have been there.
[[nodiscard]] std::optional<std::vector<Filling>> fill_with_gaps(const Filling& whole);

// The count of writers that these 16 bits are the end of, not later than `writer_count`.
[[nodiscard]] std::uint64_t whole_epoch(std::uint16_t epoch, std::uint64_t writer_count) noexcept;

// What a segment is to be.
struct RewriteTerms {
  SegmentHeader header;
  // Sound; empty: the list is made of what the frames say, `writer_count` being the latest known.
  std::vector<EpochStart> writers;
  std::uint64_t writer_count = 0;
  std::vector<Filling> fillings;  // oldest first; between them lie frames of the source
  FileOffset end;                 // of all frames
  bool keep_rest = false;         // behind `end` the bytes of the source stay
  bool finished = false;          // another segment follows: pad and seal are put behind
  std::optional<SealReason> seal;
};

// Writes the file `to` anew: frames of `source`, which have been proved, and fillings, where they
// belong; head, index, summary and seal as these frames demand. On the disk when it returns.
// `source` is null where there is nothing left to copy.
Result<void> rewrite_segment(Env& env, const File* source, const RewriteTerms& terms,
                             const std::string& to, ScanMeter& meter);

}  // namespace millrace
