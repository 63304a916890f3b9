#pragma once

#include <napi.h>

#include <memory>

#include "binding/native_object.h"
#include "binding/open_engine.h"
#include "binding/tail_calls.h"

namespace millrace {

// The class `NativeEngine` of src/native/addon.ts.
class EngineObject : public NativeObject<EngineObject, std::shared_ptr<OpenEngine>> {
 public:
  explicit EngineObject(const Napi::CallbackInfo& info) : NativeObject(info) {}

  static Napi::Function define(Napi::Env env);

  // Exports of the addon: openFolder(path, sync, …) answers a promise, openMemory(image) an engine.
  static Napi::Value open_folder(const Napi::CallbackInfo& info);
  static Napi::Value open_memory(const Napi::CallbackInfo& info);

 private:
  // The open engine; otherwise nullptr, and an exception is pending.
  OpenEngine* open_engine() const;

  Napi::Value new_identity(const Napi::CallbackInfo& info);
  Napi::Value open_log(const Napi::CallbackInfo& info);
  Napi::Value open_meta(const Napi::CallbackInfo& info);
  Napi::Value append_together(const Napi::CallbackInfo& info);
  Napi::Value drop(const Napi::CallbackInfo& info);
  Napi::Value image(const Napi::CallbackInfo& info);
  Napi::Value sweep(const Napi::CallbackInfo& info);
  Napi::Value sync_stats(const Napi::CallbackInfo& info);
  Napi::Value is_shared(const Napi::CallbackInfo& info);
  Napi::Value take_turn(const Napi::CallbackInfo& info);
  Napi::Value give_turn(const Napi::CallbackInfo& info);
  Napi::Value take_duty(const Napi::CallbackInfo& info);
  Napi::Value give_duty(const Napi::CallbackInfo& info);
  Napi::Value open_buckets(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<ExpectedCall>
      joined_;  // when another environment has it open, too; until close()
};

}  // namespace millrace
