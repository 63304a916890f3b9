#pragma once

#include <napi.h>

#include <optional>

#include "binding/native_object.h"
#include "core/token_buckets.h"

namespace millrace {

// The class `NativeBuckets` of src/native/addon.ts: one environment's share of buckets that all
// environments of the process count in.
class BucketsObject : public NativeObject<BucketsObject, std::optional<BucketShare>> {
 public:
  explicit BucketsObject(const Napi::CallbackInfo& info) : NativeObject(info) {}

  static Napi::Function define(Napi::Env env);
  // NativeEngine.openBuckets(name, rates, nowMs).
  static Napi::Value open(const Napi::CallbackInfo& info, BucketTable& table);

 private:
  // The share of a raw call's receiver; otherwise nullptr, and an exception is pending.
  static BucketShare* share_of(napi_env env, napi_value self);

  static napi_value take(napi_env env, napi_callback_info info);
  static napi_value spend(napi_env env, napi_callback_info info);
  static napi_value wait_ms(napi_env env, napi_callback_info info);
  static napi_value full(napi_env env, napi_callback_info info);
};

}  // namespace millrace
