#pragma once

#include <string>

#include "core/log_files.h"

namespace millrace {

// Holds the segments of a log against one another and against the marks of its control page, which
// has been read: does the chain have no holes, does every mark lie in it? Adds findings to
// `files`; those about marks name `control_file`.
void check_chain(LogFiles& files, const std::string& control_file);

// Whether frames of a segment that begins at `base` are promised whatever happened.
[[nodiscard]] bool is_promised(const LogFiles& files, LogPosition base) noexcept;

}  // namespace millrace
