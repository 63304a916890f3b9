#pragma once

#include <napi.h>

#include "binding/native_object.h"
#include "binding/open_follower.h"

namespace millrace {

// The class `NativeStoreReader` of src/native/addon.ts.
class StoreReaderObject : public NativeObject<StoreReaderObject, OpenReader> {
 public:
  explicit StoreReaderObject(const Napi::CallbackInfo& info) : NativeObject(info) {}

  static Napi::Function define(Napi::Env env);

  // Export of the addon: openReader(path) answers a promise.
  static Napi::Value open_reader(const Napi::CallbackInfo& info);

 private:
  Napi::Value new_follower(std::unique_ptr<LogFollower> log) const;

  Napi::Value open_log(const Napi::CallbackInfo& info);
  Napi::Value open_meta(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
};

}  // namespace millrace
