#pragma once

#include <napi.h>

#include <optional>

#include "binding/native_object.h"
#include "core/hash_range.h"

namespace millrace {

// The class `NativeRouter` of src/native/addon.ts: MD5 and range search for a whole batch a call.
class RouterObject : public NativeObject<RouterObject, std::optional<HashRanges>> {
 public:
  explicit RouterObject(const Napi::CallbackInfo& info) : NativeObject(info) {}

  static Napi::Function define(Napi::Env env);
  // Export of the addon: createRouter(starts).
  static Napi::Value create(const Napi::CallbackInfo& info);

 private:
  static napi_value route(napi_env env, napi_callback_info info);
};

}  // namespace millrace
