#pragma once

#include <node_api.h>

#include <optional>
#include <vector>

#include "core/hash_range.h"

namespace millrace {

inline constexpr const char* kStartsRule =
    "ranges of hash keys are given by ascending starts of 16 bytes, from 0 on";

// Where ranges of hash keys begin, as JavaScript passes them: 16 bytes each, big-endian. nullopt
// breaks kStartsRule.
[[nodiscard]] std::optional<std::vector<HashKey>> passed_starts(napi_env env, napi_value value);

}  // namespace millrace
