#include "core/log_terms.h"

#include <algorithm>
#include <optional>

namespace millrace {

namespace {

// Where a position lies in the segment's file, if it lies there at all.
std::optional<FileOffset> offset_in(const Segment& segment, LogPosition at) noexcept {
  const std::uint64_t capacity = segment.header.file_bytes - segment.header.data_offset;
  if (at < segment.base_position()) return std::nullopt;
  if (at.bytes - segment.header.base_position > capacity) return std::nullopt;
  return segment.offset_of(at);
}

// The same, for a mark that may lie before the segment or behind it.
FileOffset clamped(const Segment& segment, LogPosition at) noexcept {
  if (at < segment.base_position()) return {segment.header.data_offset};
  return offset_in(segment, at).value_or(FileOffset{segment.header.file_bytes});
}

// Where the frames end by what lies behind them: the next segment, the seal, the commit mark.
std::optional<FileOffset> known_end(const LogFiles& files, std::size_t index) noexcept {
  const SegmentHead& head = *files.segments[index].head;
  const bool last = index + 1 == files.segments.size();
  if (!last && files.segments[index + 1].head) {
    const SegmentHeader& next = files.segments[index + 1].head->segment.header;
    const bool adjoins = next.ordinal == head.segment.header.ordinal + 1;
    if (adjoins) return offset_in(head.segment, {next.base_position});
  }
  const bool marked = last && files.control && files.last_end != LastEnd::kSystemDied;
  if (marked) return offset_in(head.segment, files.control->committed);
  if (head.seal) return FileOffset{head.seal->data_end};
  return std::nullopt;
}

}  // namespace

SegmentTerms terms_of(const LogFiles& files, std::size_t index, bool in_use) {
  const Segment& segment = files.segments[index].head->segment;
  const bool system_died = files.last_end == LastEnd::kSystemDied;
  SegmentTerms terms;
  terms.finished = index + 1 < files.segments.size();
  terms.settled = files.last_end == LastEnd::kClosed;
  terms.live = in_use && files.last_end == LastEnd::kProcessDied;
  terms.end = known_end(files, index);
  if (system_died) {
    terms.promised = clamped(segment, files.control->durable);
    terms.indexed = clamped(segment, files.control->indexed);
    // The next segment counts only if the frames before it are whole.
    if (terms.end && terms.promised < *terms.end) terms.end.reset();
    if (terms.end) terms.promised = *terms.end;
  } else {
    terms.promised = terms.end.value_or(FileOffset{segment.header.data_offset});
    terms.indexed = terms.promised;
  }
  if (!files.control) return terms;
  const FileOffset limit = terms.end.value_or(FileOffset{segment.header.file_bytes});
  const std::array marks{files.control->durable, files.control->indexed};
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const std::optional<FileOffset> at = offset_in(segment, marks[i]);
    if (at && *at <= limit) terms.marks[i] = at;
  }
  return terms;
}

bool LogTail::ends_before(const SegmentHead& next_segment) const noexcept {
  const SegmentHeader& header = next_segment.segment.header;
  return header.base_position != position.bytes || header.base_sequence != next.value ||
         header.previous_arrival_ms != std::max<std::int64_t>(0, arrival.ms);
}

}  // namespace millrace
