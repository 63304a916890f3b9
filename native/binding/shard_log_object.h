#pragma once

#include <node_api.h>

#include <memory>

#include "binding/open_log.h"

namespace millrace {

// The class `NativeShardLog` of src/native/addon.ts: one crossing for each batch and each page.
class ShardLogObject {
 public:
  explicit ShardLogObject(std::shared_ptr<OpenLog> log) : log_(std::move(log)) {}

  static napi_ref define(napi_env env) noexcept;

 private:
  // The receiver with an open log; otherwise an exception is pending.
  static ShardLogObject* open_object(napi_env env, napi_value self) noexcept;
  // The open log of the receiver; otherwise an exception is pending.
  static ShardLog* open_log(napi_env env, napi_value self) noexcept;

  static napi_value append(napi_env env, napi_callback_info info);
  static napi_value append_one(napi_env env, napi_callback_info info);
  static napi_value read(napi_env env, napi_callback_info info);
  static napi_value seek(napi_env env, napi_callback_info info);
  static napi_value trim(napi_env env, napi_callback_info info);
  static napi_value seal(napi_env env, napi_callback_info info);
  static napi_value stats(napi_env env, napi_callback_info info);
  static napi_value flush(napi_env env, napi_callback_info info);
  static napi_value close(napi_env env, napi_callback_info info);

  std::shared_ptr<OpenLog> log_;  // null once close() was asked for
};

}  // namespace millrace
