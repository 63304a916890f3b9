#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/recovery.h"
#include "core/result.h"

namespace millrace {

// What a recovery has found out about the files of a log, beyond where it ends.
struct LogMending {
  std::vector<std::string> trimmed = {};  // paths of segments that were, but not unlinked yet
  // Of the segments found, those that the log is made of; the others lie behind a tear.
  std::size_t kept = SIZE_MAX;
  // Behind them: segments that one is missing before, or whose headers are unreadable.
  std::vector<std::string> unreadable = {};
};

// Makes the files of a log say what was found: its segments, their index, their lists of writers
// and seals, and what no frame is made of. Nothing is refused any more; doing it again changes
// nothing. What is kept is synced where a write or sync had failed.
Result<void> mend_log(Env& env, const std::string& directory, const LogMending& mending,
                      RecoveredLog& log);

}  // namespace millrace
