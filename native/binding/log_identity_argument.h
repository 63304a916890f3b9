#pragma once

#include <node_api.h>

#include <optional>

#include "core/segment_header.h"

namespace millrace {

// The identity that a slot of the metadata names: `id` is a uuid of 32 lowercase hexadecimal digits
// (folder_name() of the identity), `shard` a number. nullopt for anything else.
[[nodiscard]] std::optional<LogIdentity> log_identity(napi_env env, napi_value id,
                                                      napi_value shard);
// The same where only the log's place matters: its folder is named by the uuid.
[[nodiscard]] std::optional<LogIdentity> log_identity(napi_env env, napi_value id);

}  // namespace millrace
