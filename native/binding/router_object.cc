#include "binding/router_object.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/passed_ranges.h"
#include "core/hash_range.h"
#include "core/log_page.h"

namespace millrace {

Napi::Function RouterObject::define(Napi::Env env) {
  return DefineClass(env, "NativeRouter", {raw_method("route", route)});
}

Napi::Value RouterObject::create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::optional<std::vector<HashKey>> starts = passed_starts(env, info[0]);
  if (!starts) return throw_invalid_argument(env, kStartsRule);
  return make(env.GetInstanceData<Environment>()->router, HashRanges(std::move(*starts)));
}

// route(bytes, columns, count, shardOf). Hot, so raw.
napi_value RouterObject::route(napi_env env, napi_callback_info info) {
  const Call<4> call(env, info);
  const RouterObject* object = receiver(env, call.self);
  if (object == nullptr) return nullptr;
  if (!object->owned_) return throw_closed(env, "the router");
  const auto bytes = elements<std::byte>(env, call[0]);
  const auto columns = elements<std::uint32_t>(env, call[1]);
  const auto shards = elements<std::uint32_t>(env, call[3]);
  const std::size_t count_max =
      columns && shards ? std::min(columns->size() / column::kStride, shards->size()) : 0;
  const auto count = whole_number(env, call[2], count_max);
  if (!bytes || !columns || !shards || !count) {
    return throw_invalid_argument(env, "route takes packed keys, their count and room for as many");
  }
  if (!keys_inside(*columns, *count, bytes->size())) {
    return throw_invalid_argument(env, "keys must lie inside of bytes");
  }
  if (*count == 0) return nullptr;  // and the columns may be nowhere
  route_batch(*object->owned_,
              {.base = bytes->data(),
               .key_at = columns->data() + column::kKeyAt,
               .key_bytes = columns->data() + column::kKeyBytes,
               .hash_key_at = columns->data() + column::kHashKeyAt,
               .stride = column::kStride,
               .count = *count},
              shards->first(*count));
  return nullptr;
}

}  // namespace millrace
