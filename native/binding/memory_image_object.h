#pragma once

#include <napi.h>

#include <memory>

#include "binding/native_object.h"
#include "core/memory_image.h"

namespace millrace {

// The class `NativeMemoryImage` of src/native/addon.ts: nothing can be done with it but open it.
class MemoryImageObject
    : public NativeObject<MemoryImageObject, std::shared_ptr<const MemoryImage>> {
 public:
  static constexpr napi_type_tag kTypeTag{0x5b0e'92c1'7d3f'46a8, 0x8c61'f0b4'2ad9'3e57};

  explicit MemoryImageObject(const Napi::CallbackInfo& info) : NativeObject(info) {}

  static Napi::Function define(Napi::Env env) { return DefineClass(env, "NativeMemoryImage", {}); }
  // What somebody passes; null when that is no image. Lives as long as the value does.
  static const MemoryImage* passed_image(napi_env env, napi_value value) noexcept {
    const MemoryImageObject* object = passed(env, value);
    return object == nullptr ? nullptr : object->owned_.get();
  }
};

}  // namespace millrace
