#pragma once

#include <vector>

#include "core/log_survey.h"
#include "core/result.h"
#include "core/segment_header.h"
#include "core/segment_list.h"

namespace millrace {

// A segment that a damaged log is made of, and what follows it. Borrows from the survey.
struct LogLink {
  const SurveyedSegment* file;
  const SegmentHeader* next = nullptr;  // of the link behind it
  bool adjoins = false;                 // and none is missing in between
  bool next_mended = false;             // verify did not know where this one ends

  [[nodiscard]] const SegmentHeader& header() const noexcept { return *file->header; }
  [[nodiscard]] Segment segment() const { return {file->name, *file->header}; }
  // Whether a mark may lie here: not behind its frames, where a seal says how far they go.
  [[nodiscard]] bool holds(LogPosition at) const noexcept {
    const SegmentHeader& mine = header();
    const std::uint64_t end = file->seal ? file->seal->data_end : mine.file_bytes;
    return at.bytes >= mine.base_position &&
           at.bytes - mine.base_position <= end - mine.data_offset;
  }
  // Whether a seal says that the log has ended here.
  [[nodiscard]] bool is_ended() const noexcept {
    return file->seal && file->seal->reason == static_cast<std::uint32_t>(SealReason::kShardEnd);
  }
};

// Puts the segments that have a header in their order. kCorrupt when two of them cannot belong to
// one log.
Result<std::vector<LogLink>> link_segments(const LogSurvey& survey);

}  // namespace millrace
