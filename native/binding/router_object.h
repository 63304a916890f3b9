#pragma once

#include <node_api.h>

#include <utility>

#include "core/hash_range.h"

namespace millrace {

// The class `NativeRouter` of src/native/addon.ts: MD5 and range search for a whole batch a call.
class RouterObject {
 public:
  explicit RouterObject(HashRanges ranges) : ranges_(std::move(ranges)) {}

  static napi_ref define(napi_env env) noexcept;
  // Export of the addon: createRouter(starts).
  static napi_value create(napi_env env, napi_callback_info info);

 private:
  static napi_value route(napi_env env, napi_callback_info info);

  HashRanges ranges_;
};

}  // namespace millrace
