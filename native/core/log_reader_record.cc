// Reading one record by its number: the part of LogReader that goes straight to a frame. Whatever
// it meets that is not in order, it leaves to read(), which knows what to say.
#include <algorithm>
#include <cstring>

#include "core/frame.h"
#include "core/guarded_copy.h"
#include "core/log_reader.h"

namespace millrace {

namespace {

constexpr std::uint64_t kCacheLineBytes = 64;
// Of the frames on the way, the heads of so many are asked for at once. Asking for more gains
// nothing: the processor has only so many loads under way.
constexpr std::uint64_t kHeadsAhead = 24;
// So much of the frame itself, too.
constexpr std::uint64_t kFrameAhead = 4 * kKiB;
// More frames do not begin in one cell of the index.
constexpr std::uint64_t kCellFramesMax = kGridBytes / kFrameHeaderBytes;

// From where to walk, and how large frames are there on average.
struct Approach {
  FileOffset at;
  std::uint64_t sequence = 0;  // of the frame at `at`
  std::uint64_t stride = 0;    // 0: unknown
};

// Judges by this slot of the index and the next one.
Approach approach_to(Bytes bytes, const SegmentHeader& header, Sequence to,
                     FileOffset end) noexcept {
  Approach approach{{header.data_offset}, header.base_sequence, 0};
  const TimeIndex index(bytes, header);
  const FileOffset found = index.before(to, end).at;
  std::size_t next_cell = 1;
  if (found.bytes != header.data_offset && found < end) {
    const std::size_t cell = index.cell_of(found);
    const IndexSlot slot = index.sane_slot(cell);
    const std::uint64_t sequence = header.base_sequence + slot.sequence_delta;
    if (slot.offset == found.bytes && sequence <= to.value) approach = {found, sequence, 0};
    next_cell = cell + 1;
  }
  if (next_cell >= header.index_slots) return approach;
  const IndexSlot next = index.sane_slot(next_cell);
  const std::uint64_t next_sequence = header.base_sequence + next.sequence_delta;
  if (next.offset > approach.at.bytes && next_sequence > approach.sequence) {
    approach.stride = (next.offset - approach.at.bytes) / (next_sequence - approach.sequence);
  }
  return approach;
}

void prefetch_range(Bytes bytes, std::uint64_t from, std::uint64_t to) noexcept {
  const std::uint64_t end = std::min<std::uint64_t>(to, bytes.size());
  for (std::uint64_t at = align_down(from, kCacheLineBytes); at < end; at += kCacheLineBytes) {
    __builtin_prefetch(bytes.data() + at);
  }
}

// What the walk will touch, asked for in one go, as if all frames were of the average size: waiting
// for memory once is what reading one record costs most.
void prefetch_way(Bytes bytes, const Approach& approach, std::uint64_t frames) noexcept {
  if (approach.stride == 0 || frames > kCellFramesMax) return;
  const std::uint64_t target = approach.at.bytes + frames * approach.stride;
  const std::uint64_t first = frames - std::min(frames, kHeadsAhead);
  for (std::uint64_t frame = first; frame < frames; ++frame) {
    const std::uint64_t head = approach.at.bytes + frame * approach.stride;
    prefetch_range(bytes, head, head + kFrameHeaderBytes);
  }
  prefetch_range(bytes, target, target + std::min(approach.stride, kFrameAhead));
}

// Where the frame with this number begins; 0 when the walk did not lead to it.
std::uint64_t walk_to(Bytes bytes, const Approach& approach, Sequence to, FileOffset end) noexcept {
  std::uint64_t at = approach.at.bytes;
  std::uint64_t sequence = approach.sequence;
  for (;;) {
    if (at >= end.bytes || end.bytes - at < kFrameHeaderBytes) return 0;
    const std::uint64_t left = end.bytes - at;
    const auto header = load<FrameHeader>(bytes.data() + at);
    // Every number is checked against the one before: what only looks like a frame is not found.
    if (!walkable(header, left) || header.sequence != sequence) return 0;
    if (header.type != static_cast<std::uint8_t>(FrameType::kData)) return 0;
    if (sequence == to.value) return at;
    at += frame_stride(header.length);
    ++sequence;
  }
}

}  // namespace

Result<bool> LogReader::read_record(Sequence at, bool resident_only, const PageBuffers& into) {
  const LogPosition end = visible();
  if (Result<void> known = refresh(end); !known) return known.error();
  note_hot(end);
  if (segments_.empty() || at < first()) return false;
  const std::size_t index = segments_.index_of(at);
  Result<Bytes> bytes = map_segment(index);
  if (!bytes) return bytes.error();
  const SegmentHeader& header = segments_[index].header;
  const FileOffset segment_end = segments_.end_of(index, end);
  if (resident_only) {
    const FileOffset data{header.data_offset};
    if (Result<void> there = require_resident(index, {0}, data, data); !there) return there.error();
  }
  Approach approach;
  const auto find = [&]() noexcept { approach = approach_to(*bytes, header, at, segment_end); };
  bool read = true;
  if (resident_only) {
    read = guarded(find);
    const FileOffset walked{approach.at.bytes + kWalkBytes};
    Result<void> there = require_resident(index, approach.at, walked, segment_end);
    if (!there) return there.error();
  }
  FrameCheck check{.fault = FrameFault::kLength, .frame = {}};
  const auto look = [&]() noexcept {
    if (!resident_only) find();
    prefetch_way(*bytes, approach, at.value - approach.sequence);
    const FileOffset looked_up{approach.at.bytes + kWalkBytes};
    const FileOffset limit = resident_only ? std::min(segment_end, looked_up) : segment_end;
    const std::uint64_t found = walk_to(*bytes, approach, at, limit);
    if (found == 0) return;
    const std::uint64_t stride = frame_stride(load<FrameHeader>(bytes->data() + found).length);
    if (stride > std::min<std::uint64_t>(limit.bytes - found, into.bytes.size())) return;
    std::memcpy(into.bytes.data(), bytes->data() + found, stride);
    check = check_frame(Bytes(into.bytes).first(stride), seed_of(header));
  };
  read = read && guarded(look);
  if (read && check.fault == FrameFault::kNone && check.frame.header.sequence == at.value) {
    const PageLimits limits{.payload_bytes = UINT64_MAX, .records = 1};
    PageFill fill{.limits = limits, .into = into, .page = {}};
    return fill.take(check.frame, 0);
  }
  return read_record_slowly(at, resident_only, into);
}

// By way of a page: where there is no such record, no room, damage, or a page to wait for.
Result<bool> LogReader::read_record_slowly(Sequence at, bool resident_only,
                                           const PageBuffers& into) {
  const PageLimits limits{
      .payload_bytes = UINT64_MAX, .records = 1, .resident_only = resident_only};
  const Result<Page> page = read(at, limits, into);
  if (!page && page.error().code == Errc::kTrimmed) return false;
  if (!page) return page.error();
  return page->count > 0 && into.offsets.front() == static_cast<double>(at.value);
}

}  // namespace millrace
