#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/chunk_reader.h"
#include "core/result.h"
#include "core/segment_header.h"
#include "core/tail_scan.h"
#include "core/units.h"

namespace millrace {

// What is known of a damaged segment beforehand.
struct SalvageTerms {
  const SegmentHeader* header;
  // The writers listed in it; empty: unknown. The list has no checksum of its own: frames may be
  // held to it, or only compared with it.
  std::vector<EpochStart> writers;
  bool writers_bind = false;
  // Frames are looked for behind damage up to here; behind it only what follows without a hole.
  FileOffset resync_to;
  // No frame ends behind this.
  FileOffset limit;
  // Marks of the control page that lie in the segment: durable, indexed.
  std::array<std::optional<FileOffset>, 2> marks;
  // First sequence number of the segment that follows.
  std::optional<Sequence> next_base;
};

// Bytes of a segment that hold no frame which could be proved, between frames that could.
struct Hole {
  FileOffset from;
  FileOffset to;
  FrameOrder before;    // what a frame at `from` had to follow
  Sequence next;        // the number of the frame at `to`
  ArrivalTime arrival;  // and when that arrived
};

// What a damaged segment still holds: every frame whose length, checksum, number, arrival and
// writer are right, wherever it lies.
struct Salvage {
  std::vector<Hole> holes;
  FileOffset end;    // behind the last frame
  FrameOrder order;  // the same
  bool any = false;  // there is a frame
  bool shard_end = false;
  std::uint64_t records = 0;
  std::vector<EpochStart> writers;   // as listed, but none inside of a frame: with the next one
  bool contradicts_writers = false;  // frames that nothing is missing before are of others
  bool contradicts_first = false;    // the first of all is
  bool meets_mark = false;           // a frame begins or ends at SalvageTerms::resync_to
  std::array<FileOffset, 2> marks_below{};  // where one does, at or below SalvageTerms::marks
};

// Looks at every byte once, and behind damage at every place where a frame may begin. kClosed when
// the scan was stopped; kIo when the file cannot be read.
Result<Salvage> salvage_segment(ChunkReader& reader, const SalvageTerms& terms);

}  // namespace millrace
