#pragma once

#include <napi.h>

#include <memory>

#include "binding/log_watch.h"
#include "binding/native_object.h"
#include "binding/open_log.h"

namespace millrace {

// The class `NativeShardLog` of src/native/addon.ts: one crossing for each batch and each page.
class ShardLogObject : public NativeObject<ShardLogObject, std::shared_ptr<OpenLog>> {
 public:
  explicit ShardLogObject(const Napi::CallbackInfo& info) : NativeObject(info) {}

  static Napi::Function define(Napi::Env env);

  static constexpr napi_type_tag kTypeTag{0x6d696c6c72616365, 0x73686172646c6f67};
  using NativeObject::passed;
  // Null once it was closed. The environment's thread only.
  [[nodiscard]] ShardLog* opened() const noexcept {
    return owned_ == nullptr ? nullptr : &owned_->log();
  }
  // The log of an instance; null for any other value, and once it was closed.
  static std::shared_ptr<OpenLog> log_of(Napi::Env env, napi_value value);

 private:
  // The open log; otherwise nullptr, and an exception is pending or the environment is ending.
  ShardLog* open_log() const;
  // The same for the receiver of a raw callback.
  static ShardLog* open_log(napi_env env, napi_value self);

  // Hot, so raw.
  static napi_value append(napi_env env, napi_callback_info info);
  static napi_value read(napi_env env, napi_callback_info info);
  static napi_value read_resident(napi_env env, napi_callback_info info);
  static napi_value read_record(napi_env env, napi_callback_info info);
  static napi_value read_leased(napi_env env, napi_callback_info info);

  Napi::Value load(const Napi::CallbackInfo& info);
  Napi::Value lease(const Napi::CallbackInfo& info);
  Napi::Value seek(const Napi::CallbackInfo& info);
  Napi::Value trim(const Napi::CallbackInfo& info);
  Napi::Value seal(const Napi::CallbackInfo& info);
  Napi::Value seal_later(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value watch(const Napi::CallbackInfo& info);
  Napi::Value unwatch(const Napi::CallbackInfo& info);
  Napi::Value flush(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::unique_ptr<LogWatch> watch_;  // from the first watch() on
};

}  // namespace millrace
