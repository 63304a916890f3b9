#include "binding/passed_ranges.h"

#include <cstddef>

#include "binding/arguments.h"

namespace millrace {

std::optional<std::vector<HashKey>> passed_starts(napi_env env, napi_value value) {
  const auto bytes = elements<std::byte>(env, value);
  return bytes ? parse_starts(*bytes) : std::nullopt;
}

}  // namespace millrace
