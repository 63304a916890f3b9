#include "core/log_links.h"

#include <utility>

namespace millrace {

namespace {

bool links_to(const SegmentHeader& before, const SegmentHeader& after) noexcept {
  if (after.ordinal <= before.ordinal || after.base_position < before.base_position) return false;
  if (after.previous_sequence + 1 != after.base_sequence) return false;
  const std::uint64_t capacity = before.file_bytes - before.data_offset;
  const std::uint64_t between = after.base_position - before.base_position;
  const bool adjoins = after.ordinal == before.ordinal + 1;
  return between % kFrameAlignment == 0 && (!adjoins || between <= capacity);
}

}  // namespace

Result<std::vector<LogLink>> link_segments(const LogSurvey& survey) {
  std::vector<LogLink> links;
  for (const SurveyedSegment& file : survey.segments) {
    if (!file.header) continue;
    if (!links.empty()) {
      LogLink& before = links.back();
      if (!links_to(before.header(), *file.header)) {
        return Error{.code = Errc::kCorrupt,
                     .message = file.name + " does not follow " + before.file->name +
                                ": no loss explains that"};
      }
      before.next = &*file.header;
      before.adjoins = file.header->ordinal == before.header().ordinal + 1;
      before.next_mended = file.header_mended;
    }
    links.push_back({&file});
  }
  return links;
}

}  // namespace millrace
