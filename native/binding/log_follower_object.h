#pragma once

#include <napi.h>

#include <memory>

#include "binding/native_object.h"
#include "binding/open_follower.h"

namespace millrace {

// The class `NativeLogFollower` of src/native/addon.ts: one crossing for each page.
class LogFollowerObject : public NativeObject<LogFollowerObject, std::unique_ptr<OpenFollower>> {
 public:
  explicit LogFollowerObject(const Napi::CallbackInfo& info) : NativeObject(info) {}

  static Napi::Function define(Napi::Env env);

 private:
  // The open log; otherwise nullptr, and an exception is pending or the environment is ending.
  [[nodiscard]] OpenFollower* open_follower() const;
  // The same for the receiver of a raw callback.
  static OpenFollower* open_follower(napi_env env, napi_value self);

  // Hot, so raw.
  static napi_value read(napi_env env, napi_callback_info info);
  static napi_value read_resident(napi_env env, napi_callback_info info);
  static napi_value read_record(napi_env env, napi_callback_info info);
  static napi_value read_leased(napi_env env, napi_callback_info info);

  Napi::Value load(const Napi::CallbackInfo& info);
  Napi::Value lease(const Napi::CallbackInfo& info);
  Napi::Value seek(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value watch(const Napi::CallbackInfo& info);
  Napi::Value unwatch(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
};

}  // namespace millrace
