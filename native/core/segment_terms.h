#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "core/units.h"

namespace millrace {

// What the rest of its log says about a segment.
struct SegmentTerms {
  // Frames below are promised: what is wrong there is damage.
  FileOffset promised;
  // Where the frames end. None: where they stop making sense, at or above `promised`.
  std::optional<FileOffset> end;
  // Index slots of frames below are promised.
  FileOffset indexed;
  // Another segment follows: nothing is written here any more.
  bool finished = false;
  // The last writer closed the log: it left nothing half done.
  bool settled = false;
  // A writer may be storing behind `end` at this moment.
  bool live = false;
  // Marks of the control page that lie here: a frame must start or end at each.
  static constexpr std::size_t kDurable = 0;
  static constexpr std::size_t kIndexed = 1;
  std::array<std::optional<FileOffset>, 2> marks;
};

}  // namespace millrace
