#include "core/system_error.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace millrace {

Errc errc_of(int sys_errno) noexcept {
  switch (sys_errno) {
    case ENOSPC:
#ifdef EDQUOT  // Windows has no quotas to exceed
    case EDQUOT:
#endif
      return Errc::kNoSpace;
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::kPermission;
    case ENOENT:
      return Errc::kNotFound;
    case ENOSYS:
    case EOPNOTSUPP:
#if ENOTSUP != EOPNOTSUPP  // one number on Linux, two on macOS
    case ENOTSUP:
#endif
      return Errc::kUnsupported;
    default:
      return Errc::kIo;
  }
}

Error system_error(std::string_view call, std::string_view subject, int sys_errno) {
  std::string message(call);
  if (!subject.empty()) message.append(" ").append(subject);
  message.append(": ").append(std::generic_category().message(sys_errno));
  return {errc_of(sys_errno), sys_errno, std::move(message), 0};
}

Error optional_feature_error(std::string_view call, std::string_view subject, int sys_errno) {
  Error error = system_error(call, subject, sys_errno);
  if (sys_errno == EINVAL) error.code = Errc::kUnsupported;
  return error;
}

bool wants_descriptor(const Error& error) noexcept {
  return error.sys_errno == EMFILE || error.sys_errno == ENFILE;
}

}  // namespace millrace
