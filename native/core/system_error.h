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

}  // namespace millrace
