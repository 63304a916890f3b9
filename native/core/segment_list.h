#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/result.h"
#include "core/segment_header.h"
#include "core/units.h"

namespace millrace {

// One segment of a log: where its file is and what its header says. None of it ever changes.
struct Segment {
  std::string path;
  SegmentHeader header;

  [[nodiscard]] Sequence base_sequence() const noexcept { return {header.base_sequence}; }
  [[nodiscard]] LogPosition base_position() const noexcept { return {header.base_position}; }
  // Where a position of this segment lies in its file.
  [[nodiscard]] FileOffset offset_of(LogPosition at) const noexcept {
    return {header.data_offset + (at.bytes - header.base_position)};
  }
  // Whether a log that ends at `end` needs no segment behind this one.
  [[nodiscard]] bool reaches(LogPosition end) const noexcept {
    return end.bytes <= header.base_position + (header.file_bytes - header.data_offset);
  }
  [[nodiscard]] LogPosition position_of(FileOffset at) const noexcept {
    return {header.base_position + (at.bytes - header.data_offset)};
  }
};

// Reads and believes, or refuses, the header of one file.
Result<Segment> read_segment(Env& env, const std::string& path, const LogIdentity& identity);

// The same, of the first bytes of a file of `file_bytes`.
Result<Segment> segment_of(Bytes head, std::uint64_t file_bytes, const std::string& path,
                           const LogIdentity& identity);

// The segments of one log, oldest first: at most a few hundred. Only names and headers are read.
class SegmentList {
 public:
  // kCorrupt unless `after` can be the segment behind `before`.
  static Result<void> check_link(const Segment& before, const Segment& after);
  // kCorrupt when segments are missing between others, or disagree with one another.
  static Result<SegmentList> from(std::vector<Segment> segments);

  [[nodiscard]] bool empty() const noexcept { return segments_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return segments_.size(); }
  [[nodiscard]] const Segment& operator[](std::size_t index) const noexcept {
    return segments_[index];
  }
  [[nodiscard]] const Segment& front() const noexcept { return segments_.front(); }
  [[nodiscard]] const Segment& back() const noexcept { return segments_.back(); }

  // The segment that holds `sequence`, or would: the last one that begins at or below it; the first
  // when it lies before all. The list is not empty.
  [[nodiscard]] std::size_t index_of(Sequence sequence) const noexcept;
  [[nodiscard]] std::size_t index_of(LogPosition position) const noexcept;
  // The first segment that may hold a record arriving at or after `arrival`.
  [[nodiscard]] std::size_t index_of(ArrivalTime arrival) const noexcept;
  // Where the frames of segment `index` end when the log ends at `committed`.
  [[nodiscard]] FileOffset end_of(std::size_t index, LogPosition committed) const noexcept;

  void add(Segment segment) { segments_.push_back(std::move(segment)); }
  void drop_back() { segments_.pop_back(); }
  // Takes the segments before the one that begins at `base` off the list and answers their paths.
  std::vector<std::string> drop_before(Sequence base);

 private:
  std::vector<Segment> segments_;
};

// Names of the segment files in a folder, oldest first.
Result<std::vector<std::string>> list_segment_names(Env& env, const std::string& directory);

}  // namespace millrace
