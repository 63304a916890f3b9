#pragma once

#include "core/units.h"

namespace millrace {

// Frames of one segment that a recovery found whole and in order, though nobody had promised them:
// bytes around them may be anything.
struct FoundFrames {
  FileOffset from;  // where the first of them begins
  FileOffset end;   // behind the last one; all frames of the segment end here
  // The next writer begins at `end`. If not, another segment follows, or the log has ended.
  bool goes_on = false;
};

}  // namespace millrace
