#pragma once

#include <string_view>

#include "core/result.h"

namespace millrace {

// The class of failure an errno stands for, for every Env (see Env's comment).
[[nodiscard]] Errc errc_of(int sys_errno) noexcept;

// The Error of a failed system call; `subject` is the path, or what else the call was about.
[[nodiscard]] Error system_error(std::string_view call, std::string_view subject, int sys_errno);

// The same for a call that a kernel or file system may lack: EINVAL, too, says "not here".
[[nodiscard]] Error optional_feature_error(std::string_view call, std::string_view subject,
                                           int sys_errno);

// Whether a file could not be opened for want of a descriptor: there may be one in a moment, and no
// file is the worse for it. A call on an open file never fails so.
[[nodiscard]] bool wants_descriptor(const Error& error) noexcept;

}  // namespace millrace
