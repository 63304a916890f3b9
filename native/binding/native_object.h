#pragma once

#include <napi.h>

#include <utility>

namespace millrace {

// JavaScript classes whose instances own something of C++ by a pointer or an optional.
//
// Only make() fills an instance. `new` in JavaScript (through an instance's constructor) makes a
// hollow one, which is like a closed one. V8 checks the receiver of every method against its class,
// so that receiver() can only ever find a T. An argument is anybody's: classes whose instances are
// passed have a kTypeTag, which make() puts on each and passed() looks for. Prototypes prove
// nothing.
template <typename T, typename Owned>
class NativeObject : public Napi::ObjectWrap<T> {
  // Made by T alone, its base.
  friend T;
  explicit NativeObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<T>(info) {}

 public:
  // An instance that owns `owned`: let go when it is collected or the environment ends, on the
  // environment's thread. Empty when the environment is ending.
  static Napi::Value make(const Napi::FunctionReference& constructor, Owned owned) {
    const Napi::Object instance = constructor.Value().New({});
    T* object = instance.IsEmpty() ? nullptr : T::Unwrap(instance);
    if (object == nullptr) return {};
    object->owned_ = std::move(owned);
    if constexpr (requires { T::kTypeTag; }) {
      if (napi_type_tag_object(instance.Env(), instance, &T::kTypeTag) != napi_ok) return {};
    }
    return instance;
  }

 protected:
  // The instance that a raw callback was called on; nullptr when the environment is ending.
  [[nodiscard]] static T* receiver(napi_env env, napi_value self) noexcept {
    void* data = nullptr;
    if (napi_unwrap(env, self, &data) != napi_ok) return nullptr;
    return static_cast<T*>(data);
  }

  // The instance that make() made and somebody passes; nullptr for every other value.
  [[nodiscard]] static T* passed(napi_env env, napi_value value) noexcept {
    bool is_ours = false;
    napi_valuetype type = napi_undefined;  // what is no object, the check would convert, and throw
    if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
    if (napi_check_object_type_tag(env, value, &T::kTypeTag, &is_ours) != napi_ok || !is_ours) {
      return nullptr;
    }
    return receiver(env, value);
  }

  // Methods as a class of JavaScript has them: writable, not enumerable.
  template <Napi::Value (T::*Method)(const Napi::CallbackInfo&)>
  [[nodiscard]] static Napi::ClassPropertyDescriptor<T> method(const char* name) {
    return T::template InstanceMethod<Method>(name, napi_default_method);
  }
  // A method on a hot path, whose callback is Node-API's own: CallbackInfo copies the arguments and
  // allocates for more than six.
  [[nodiscard]] static Napi::ClassPropertyDescriptor<T> raw_method(const char* name,
                                                                   napi_callback callback) {
    napi_property_descriptor descriptor{};
    descriptor.utf8name = name;
    descriptor.method = callback;
    descriptor.attributes = napi_default_method;
    return descriptor;
  }

  Owned owned_{};  // empty in a hollow instance, and once close() was asked for
};

}  // namespace millrace
