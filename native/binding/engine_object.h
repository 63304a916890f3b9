#pragma once

#include <node_api.h>

#include <memory>

#include "binding/open_engine.h"

namespace millrace {

// The class `NativeEngine` of src/native/addon.ts.
class EngineObject {
 public:
  explicit EngineObject(std::shared_ptr<OpenEngine> engine) : engine_(std::move(engine)) {}

  static napi_ref define(napi_env env) noexcept;

  // Exports of the addon: openFolder(path, sync) answers a promise, openMemory() an engine.
  static napi_value open_folder(napi_env env, napi_callback_info info);
  static napi_value open_memory(napi_env env, napi_callback_info info);

 private:
  // The receiver with an open engine; otherwise an exception is pending.
  static EngineObject* open_object(napi_env env, napi_value self) noexcept;

  static napi_value new_identity(napi_env env, napi_callback_info info);
  static napi_value open_log(napi_env env, napi_callback_info info);
  static napi_value open_meta(napi_env env, napi_callback_info info);
  static napi_value drop(napi_env env, napi_callback_info info);
  static napi_value sweep(napi_env env, napi_callback_info info);
  static napi_value close(napi_env env, napi_callback_info info);

  std::shared_ptr<OpenEngine> engine_;  // null once close() was asked for
};

}  // namespace millrace
