#pragma once

#include <cstddef>

#include "core/log_files.h"
#include "core/segment_terms.h"
#include "core/units.h"

namespace millrace {

// What segment `index`, which has a head, is to be held against.
[[nodiscard]] SegmentTerms terms_of(const LogFiles& files, std::size_t index, bool in_use);

// Where a log ends as far as its frames say.
struct LogTail {
  LogPosition position;
  Sequence next;
  ArrivalTime arrival;
  // Whether the log goes on no further than here, so that this segment is no part of it.
  [[nodiscard]] bool ends_before(const SegmentHead& next_segment) const noexcept;
};

}  // namespace millrace
