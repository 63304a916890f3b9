// Seeking by time: the part of LogReader that verifies every frame it passes, because a time that
// was not verified could hide a record.
#include <algorithm>
#include <optional>

#include "core/frame.h"
#include "core/guarded_copy.h"
#include "core/log_reader.h"

namespace millrace {

namespace {

enum class Found : std::uint8_t { kRecord, kEnd, kDamage, kUnreadable };

struct TimeWalk {
  Found found = Found::kEnd;
  FileOffset at;
  Sequence sequence;
  ArrivalTime arrival;
};

// The first data frame at or above `floor` that arrived at or after `arrival`, from `start` on.
TimeWalk walk_to_time(Bytes bytes, const SegmentHeader& header, FileOffset start, FileOffset end,
                      ArrivalTime arrival, Sequence floor) noexcept {
  TimeWalk walk{Found::kEnd, start, {}, {}};
  const FrameSeed seed = seed_of(header);
  while (walk.at < end) {
    const Bytes rest = bytes.subspan(walk.at.bytes, end.bytes - walk.at.bytes);
    const FrameCheck check = check_frame(rest, seed);
    const std::uint64_t stride = frame_stride(check.frame.header.length);
    if (check.fault != FrameFault::kNone || stride > rest.size()) {
      walk.found = Found::kDamage;
      return walk;
    }
    walk.sequence = {check.frame.header.sequence};
    walk.arrival = {check.frame.header.arrival_ms};
    const bool data = check.frame.header.type == static_cast<std::uint8_t>(FrameType::kData);
    if (data && walk.arrival >= arrival && walk.sequence >= floor) {
      walk.found = Found::kRecord;
      return walk;
    }
    const bool gap = check.frame.header.type == static_cast<std::uint8_t>(FrameType::kGap);
    walk.sequence = {(gap ? gap_end(rest.data(), check.frame).value : walk.sequence.value) + 1};
    walk.at.bytes += stride;
  }
  return walk;
}

// Where to start: the index's answer, if the frame there really arrived before `arrival`.
FileOffset start_before(Bytes bytes, const SegmentHeader& header, ArrivalTime arrival,
                        FileOffset end) noexcept {
  const FileOffset start = TimeIndex(bytes, header).before(arrival, end).at;
  if (start.bytes == header.data_offset || start >= end) return {header.data_offset};
  const FrameCheck check =
      check_frame(bytes.subspan(start.bytes, end.bytes - start.bytes), seed_of(header));
  const bool agrees =
      check.fault == FrameFault::kNone && check.frame.header.arrival_ms < arrival.ms;
  return agrees ? start : FileOffset{header.data_offset};
}

}  // namespace

Result<Sequence> LogReader::seek(ArrivalTime arrival) {
  const LogPosition end = visible();
  if (Result<void> known = refresh(end); !known) return known.error();
  const Sequence floor = first();
  if (segments_.empty()) return floor;
  Sequence behind = floor;
  for (std::size_t i = segments_.index_of(arrival); i < segments_.size(); ++i) {
    Result<Bytes> bytes = map_segment(i);
    if (!bytes) return bytes.error();
    const SegmentHeader& header = segments_[i].header;
    const FileOffset segment_end = segments_.end_of(i, end);
    // The last one may have no frames yet: what lies before it arrived earlier.
    behind = std::max(behind, segments_[i].base_sequence());
    TimeWalk walk;
    const bool read = guarded([&]() noexcept {
      const FileOffset start = start_before(*bytes, header, arrival, segment_end);
      walk = walk_to_time(*bytes, header, start, segment_end, arrival, floor);
    });
    if (!read) return damaged(i, {header.data_offset}, "an unreadable page of the data");
    if (walk.found == Found::kRecord) return walk.sequence;
    if (walk.found == Found::kDamage) return damaged(i, walk.at, "a damaged frame");
    behind = std::max(behind, walk.sequence);
  }
  return behind;
}

Result<std::optional<ArrivalTime>> LogReader::first_arrival() {
  const LogPosition end = visible();
  if (Result<void> known = refresh(end); !known) return known.error();
  if (segments_.empty()) return std::optional<ArrivalTime>{};
  Result<Cursor> found = find(first(), end);
  if (!found) return found.error();
  for (std::size_t i = found->segment; i < segments_.size(); ++i) {
    Result<Bytes> bytes = map_segment(i);
    if (!bytes) return bytes.error();
    const SegmentHeader& header = segments_[i].header;
    const FileOffset start = i == found->segment ? found->at : FileOffset{header.data_offset};
    const FileOffset segment_end = segments_.end_of(i, end);
    TimeWalk walk;
    const bool read = guarded([&]() noexcept {
      walk = walk_to_time(*bytes, header, start, segment_end, {INT64_MIN}, first());
    });
    if (!read) return damaged(i, start, "an unreadable page of the data");
    if (walk.found == Found::kRecord) return std::optional{walk.arrival};
    if (walk.found == Found::kDamage) return damaged(i, walk.at, "a damaged frame");
  }
  return std::optional<ArrivalTime>{};
}

Result<LogReader::End> LogReader::end_at(LogPosition position) {
  if (Result<void> known = refresh(visible()); !known) return known.error();
  if (segments_.empty()) return End{};
  const std::size_t index = segments_.index_of(position);
  const SegmentHeader& header = segments_[index].header;
  const FileOffset end = segments_.end_of(index, position);
  if (end.bytes == header.data_offset) {
    return End{segments_[index].base_sequence(), {header.previous_arrival_ms}};
  }
  Result<Cursor> found = find_in(index, {UINT64_MAX}, position);
  if (!found) return found.error();
  return End{found->sequence, found->passed};
}

}  // namespace millrace
