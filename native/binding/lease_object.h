#pragma once

#include <napi.h>

#include <memory>

#include "binding/native_object.h"
#include "core/leased_segment.h"

namespace millrace {

// A leased segment that JavaScript has been given.
struct LentSegment {
  LeasedSegment segment;
  bool counted = true;  // by V8, as memory of JavaScript's
};

// The class `NativeLease` of src/native/addon.ts: a finished segment as one external ArrayBuffer.
//
// The mapping goes when the buffer's memory is nobody's any more: V8 says so once, after release()
// detached it, after the garbage collector took it, or when the environment ends, which detaches,
// too. So no address that JavaScript can reach is ever unmapped.
class LeaseObject : public NativeObject<LeaseObject, std::shared_ptr<LentSegment>> {
 public:
  explicit LeaseObject(const Napi::CallbackInfo& info) : NativeObject(info) {}

  static constexpr napi_type_tag kTypeTag{0x6d696c6c72616365, 0x6c656173652e2e2e};

  static Napi::Function define(Napi::Env env);

  // A lease as JavaScript has it; null where the runtime allows no external buffers.
  static Napi::Value lend(Napi::Env env, LeasedSegment lease);
  // The lease of an instance; null for any other value, and once it was released.
  static LeasedSegment* lease_of(Napi::Env env, napi_value value);

 private:
  Napi::Value first(const Napi::CallbackInfo& info);
  Napi::Value next(const Napi::CallbackInfo& info);
  Napi::Value buffer(const Napi::CallbackInfo& info);
  Napi::Value release(const Napi::CallbackInfo& info);

  Napi::ObjectReference buffer_;
};

}  // namespace millrace
