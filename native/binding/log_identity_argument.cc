#include "binding/log_identity_argument.h"

#include <cstdint>
#include <limits>
#include <string>

#include "binding/arguments.h"

namespace millrace {
namespace {

// The value of a hexadecimal digit, or -1.
int digit_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<LogIdentity> log_identity(napi_env env, napi_value id) {
  LogIdentity identity;
  const std::optional<std::string> digits = text(env, id, 2 * identity.uuid.size());
  if (!digits || digits->size() != 2 * identity.uuid.size()) return std::nullopt;
  for (std::size_t i = 0; i < identity.uuid.size(); ++i) {
    const int high = digit_value((*digits)[2 * i]);
    const int low = digit_value((*digits)[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    identity.uuid[i] = static_cast<std::byte>(high * 16 + low);
  }
  return identity;
}

std::optional<LogIdentity> log_identity(napi_env env, napi_value id, napi_value shard) {
  std::optional<LogIdentity> identity = log_identity(env, id);
  const auto number = whole_number(env, shard, std::numeric_limits<std::uint32_t>::max());
  if (!identity || !number) return std::nullopt;
  identity->shard = static_cast<std::uint32_t>(*number);
  return identity;
}

}  // namespace millrace
