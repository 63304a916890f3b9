#if !defined(_WIN32)

#include "core/posix_system.h"

namespace millrace::posix {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<std::string> id_of_uuid(std::string_view text) {
  std::string id;
  int high = -1;
  for (const char c : text) {
    if (c == '-') continue;
    const int digit = hex_digit(c);
    if (digit < 0) break;
    if (high < 0) {
      high = digit;
    } else {
      id.push_back(static_cast<char>(high * 16 + digit));
      high = -1;
    }
  }
  if (id.size() == 16 && high < 0) return id;
  return Error{Errc::kIo, 0, "not a UUID: " + std::string(text), 0};
}

}  // namespace millrace::posix

#endif
