#include "binding/passed_ranges.h"

#include <algorithm>
#include <cstddef>
#include <functional>

#include "binding/arguments.h"
#include "core/frame.h"

namespace millrace {

std::optional<std::vector<HashKey>> passed_starts(napi_env env, napi_value value) {
  const auto bytes = elements<std::byte>(env, value);
  if (!bytes || bytes->empty() || bytes->size() % kHashKeyBytes != 0) return std::nullopt;
  std::vector<HashKey> starts;
  starts.reserve(bytes->size() / kHashKeyBytes);
  for (std::size_t at = 0; at < bytes->size(); at += kHashKeyBytes) {
    starts.push_back(HashKey::from_big_endian(bytes->data() + at));
  }
  const bool ascending = std::ranges::adjacent_find(starts, std::greater_equal{}) == starts.end();
  if (starts.front() != HashKey{} || !ascending) return std::nullopt;
  return starts;
}

}  // namespace millrace
