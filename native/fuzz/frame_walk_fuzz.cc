// The frames of one segment, in memory that ends exactly where the segment does: everything that
// walks over them from a place and a limit it was given.
#include <memory>
#include <optional>
#include <vector>

#include "core/chunk_reader.h"
#include "core/frame.h"
#include "core/index_repair.h"
#include "core/scan_meter.h"
#include "core/segment_header.h"
#include "core/segment_walk.h"
#include "core/tail_scan.h"
#include "core/time_index.h"
#include "fuzz/byte_source.h"
#include "fuzz/forged_log.h"
#include "fuzz/target.h"
#include "fuzz/watched_env.h"

namespace millrace::fuzz {
namespace {

// The memory of a segment, kept from input to input: it is too large to be made anew.
class SegmentMemory {
 public:
  MutableBytes hold(const FileImage& image, std::uint64_t bytes) {
    if (bytes != size_) {
      memory_ = std::make_unique<std::byte[]>(bytes);
      size_ = bytes;
    }
    held_.emplace(image);
    image.store_to(view());
    return view();
  }
  void release() {
    if (held_) held_->erase_from(view());
    held_.reset();
  }

 private:
  [[nodiscard]] MutableBytes view() const noexcept { return {memory_.get(), size_}; }

  std::unique_ptr<std::byte[]> memory_;
  std::size_t size_ = 0;
  std::optional<FileImage> held_;
};

FileOffset some_offset(ByteSource& in, const ForgedSegment& forged) {
  const std::uint64_t data = forged.header.data_offset;
  const std::size_t count = forged.frames_at.size();
  const std::uint64_t at = count == 0 ? data : forged.frames_at[in.below(256) % count];
  const std::uint64_t odd = align_down<std::uint64_t>(in.altered(at), kFrameAlignment);
  return {std::clamp<std::uint64_t>(odd, data, forged.header.file_bytes)};
}

void claim_scan(const TailScan& scan, FileOffset from, FileOffset limit) {
  claim(scan.end >= from, "a scan ends before it begins");
  claim(scan.end <= std::max(from, limit), "a scan goes on behind its limit");
  claim(scan.order.next.value <= kSequenceLimit, "a number that no record can have");
  claim((scan.stop == ScanStop::kBadFrame) == (scan.fault != FrameFault::kNone),
        "a bad frame without a fault");
  if (scan.stop == ScanStop::kLimit) claim(scan.end >= limit, "a scan stops before its limit");
}

void scan(ByteSource& in, Bytes bytes, const ForgedSegment& forged) {
  const SegmentHeader& header = forged.header;
  const FileOffset data{header.data_offset};
  const FileOffset file_end{header.file_bytes};
  const FrameOrder order{{header.base_sequence}, {header.previous_arrival_ms}, 0};
  const TailScan whole = scan_frames(bytes, header, data, file_end, order);
  claim_scan(whole, data, file_end);
  // A scan up to anywhere finds the same frames.
  const FileOffset limit = some_offset(in, forged);
  const TailScan part = scan_frames(bytes, header, data, limit, order);
  claim_scan(part, data, limit);
  claim(part.end <= whole.end && part.records <= whole.records, "less holds more");
  if (part.stop == ScanStop::kLimit) {
    const TailScan rest = scan_frames(bytes, header, part.end, file_end, part.order);
    claim(rest.end == whole.end && part.records + rest.records == whole.records &&
              rest.stop == whole.stop,
          "a scan in two parts finds something else");
  }
  const FileOffset from = some_offset(in, forged);
  claim_scan(scan_frames(bytes, header, from, file_end, std::nullopt), from, file_end);
  (void)count_frames_behind(bytes, header, from);
}

void search(ByteSource& in, Bytes bytes, const ForgedSegment& forged) {
  const TimeIndex index(bytes, forged.header);
  const FileOffset end = some_offset(in, forged);
  const Sequence sequence{in.altered(forged.header.base_sequence + in.byte())};
  const ArrivalTime arrival{in.altered_as(std::int64_t{in.byte()})};
  for (const WalkStart start :
       {index.before(sequence, end), index.before(arrival, end), index.at_or_below(end)}) {
    claim(start.at.bytes >= forged.header.data_offset, "a walk begins before the data");
    claim(start.at.bytes < forged.header.file_bytes, "a walk begins behind the data");
    claim(start.at.bytes % kFrameAlignment == 0, "a walk begins where no frame can");
  }
  claim(index.at_or_below(end).at <= end, "a walk begins behind the place it leads to");
}

// The same frames by calls, as verify reads them.
void walk(ByteSource& in, Bytes bytes, const ForgedSegment& forged) {
  const std::shared_ptr<WatchedEnv> env = WatchedEnv::make(true);
  claim(forged.image.write_to(*env, "segment").ok(), "the harness itself: writing");
  const Result<File> file = File::open(*env, "segment", OpenMode::kReadWrite);
  const ScanWatch watch;
  ScanMeter meter(watch);
  ChunkBuffer buffer;
  ChunkReader reader(*file, buffer, meter);
  SegmentHead head;
  head.segment = {"segment", forged.header};
  SegmentTerms terms;
  terms.promised = some_offset(in, forged);
  if (in.below(2) == 1) terms.end = some_offset(in, forged);
  Findings findings;
  const TimeIndex index(bytes, forged.header);
  const SegmentWalk walked = walk_segment(reader, head, terms, index, "segment", findings);
  claim(walked.frames.end.bytes <= forged.header.file_bytes, "frames end behind the file");
  claim(walked.whole || findings.any_damage(), "a walk passes over damage in silence");
  for (std::size_t cell = 0; cell < walked.slots.size(); ++cell) {
    const std::uint32_t at = walked.slots[cell].offset;
    claim(at == 0 || index.cell_of({at}) == cell, "a slot names a frame of another cell");
  }
  const FileOffset from = some_offset(in, forged);
  const FileOffset end = some_offset(in, forged);
  (void)repair_index(*env, head.segment, bytes, from, end, IndexRepair::kDifferences);
}

// Any bytes at all, in memory of exactly their size.
void check_alone(ByteSource& in, const ForgedSegment& forged) {
  const Bytes rest = in.rest();
  const std::vector<std::byte> exact(rest.begin(), rest.end());
  for (const bool verify : {true, false}) {
    const FrameCheck check = check_frame(exact, seed_of(forged.header), verify);
    if (check.fault != FrameFault::kNone) continue;
    const FrameView& frame = check.frame;
    claim(frame.header.length <= exact.size(), "a frame reaches behind its bytes");
    claim(frame.payload_at <= frame.header.length, "a payload begins behind its frame");
    claim(frame.payload_bytes == frame.header.length - frame.payload_at, "another payload");
    claim(frame.key_at + frame.header.key_bytes <= frame.payload_at, "a key reaches its payload");
  }
}

void run(Bytes input) {
  static SegmentMemory memory;
  ByteSource in(input);
  ForgedPlace place;
  const ForgedSegment forged =
      forge_segment(in, forged_identity(ForgedRole::kShard), place, in.below(2) == 1);
  const Bytes bytes = memory.hold(forged.image, forged.header.file_bytes);
  struct Release {
    ~Release() { memory.release(); }
  } const release;
  scan(in, bytes, forged);
  search(in, bytes, forged);
  // Repairing reads a mapping of the file: here one that stays as it is.
  if (forged.image.file_bytes() >= forged.header.file_bytes) walk(in, bytes, forged);
  check_alone(in, forged);
}

const Target frame_walk("frame_walk", run);

}  // namespace
}  // namespace millrace::fuzz
