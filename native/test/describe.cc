#include "test/describe.h"

#include <array>

namespace millrace::test {
namespace {

constexpr std::size_t kShownBytesMax = 64;

std::string_view name_of(Errc code) {
  switch (code) {
    case Errc::kIo:
      return "kIo";
    case Errc::kNoSpace:
      return "kNoSpace";
    case Errc::kPermission:
      return "kPermission";
    case Errc::kNotFound:
      return "kNotFound";
    case Errc::kBusy:
      return "kBusy";
    case Errc::kNotAStore:
      return "kNotAStore";
    case Errc::kNewerFormat:
      return "kNewerFormat";
    case Errc::kCorrupt:
      return "kCorrupt";
    case Errc::kPoisoned:
      return "kPoisoned";
    case Errc::kSealed:
      return "kSealed";
    case Errc::kClosed:
      return "kClosed";
    case Errc::kTrimmed:
      return "kTrimmed";
    case Errc::kBacklog:
      return "kBacklog";
    case Errc::kTooLarge:
      return "kTooLarge";
    case Errc::kRemoved:
      return "kRemoved";
    case Errc::kUnsupported:
      return "kUnsupported";
    default:
      return "an unnamed code";
  }
}

}  // namespace

std::string hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes.first(std::min(bytes.size(), kShownBytesMax))) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  if (bytes.size() > kShownBytesMax) text += "… (" + std::to_string(bytes.size()) + " bytes)";
  return text;
}

std::string describe(Errc code) { return std::string(name_of(code)); }

std::string describe(const Error& error) {
  std::string text = describe(error.code) + ": " + error.message;
  if (error.sys_errno != 0) text += " (errno " + std::to_string(error.sys_errno) + ")";
  return text;
}

}  // namespace millrace::test
