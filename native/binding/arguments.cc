#include "binding/arguments.h"

#include <cmath>

#include "core/units.h"

namespace millrace {

std::optional<std::uint64_t> whole_number(napi_env env, napi_value value,
                                          std::uint64_t max) noexcept {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) return std::nullopt;
  // Written so that NaN fails, and before the cast, which is undefined for what does not fit.
  if (!(number >= 0 && number <= static_cast<double>(max))) return std::nullopt;
  const auto whole = static_cast<std::uint64_t>(number);
  if (static_cast<double>(whole) != number) return std::nullopt;
  return whole;
}

std::optional<std::int64_t> clamped_number(napi_env env, napi_value value) noexcept {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok || std::isnan(number)) {
    return std::nullopt;
  }
  constexpr auto kLimit = static_cast<std::int64_t>(kSequenceLimit);
  if (number >= static_cast<double>(kLimit)) return kLimit;
  if (number <= -static_cast<double>(kLimit)) return -kLimit;
  return static_cast<std::int64_t>(number);
}

std::optional<std::string> text(napi_env env, napi_value value, std::size_t bytes_max) {
  std::size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return std::nullopt;
  if (length > bytes_max) return std::nullopt;
  std::string characters(length, '\0');
  // The size counts a terminating zero, for which std::string keeps a byte behind its length.
  if (napi_get_value_string_utf8(env, value, characters.data(), length + 1, &length) != napi_ok) {
    return std::nullopt;
  }
  return characters;
}

}  // namespace millrace
