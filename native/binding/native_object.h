#pragma once

#include <node_api.h>

#include <memory>
#include <span>

namespace millrace {

// JavaScript classes whose instances own an object of C++.
//
// Instances are made by new_instance() alone. `new` in JavaScript (through an instance's
// constructor) makes a hollow one, whose methods find nothing to work on. V8 checks the receiver of
// every method against its class, so that unwrap<T>() can only ever find a T.

// One method of a class. Methods of ours are functions of Node-API itself: a wrapper library would
// throw where we return, and abort when a worker is terminated under it.
[[nodiscard]] inline napi_property_descriptor method(const char* name,
                                                     napi_callback callback) noexcept {
  napi_property_descriptor descriptor{};
  descriptor.utf8name = name;
  descriptor.method = callback;
  descriptor.attributes = napi_default_method;
  return descriptor;
}

// Defines a class in this environment; nullptr when the environment refuses.
[[nodiscard]] inline napi_ref define_class(
    napi_env env, const char* name, std::span<const napi_property_descriptor> methods) noexcept {
  const napi_callback hollow = [](napi_env, napi_callback_info) -> napi_value { return nullptr; };
  napi_value constructor = nullptr;
  napi_ref reference = nullptr;
  if (napi_define_class(env, name, NAPI_AUTO_LENGTH, hollow, nullptr, methods.size(),
                        methods.data(), &constructor) != napi_ok) {
    return nullptr;
  }
  // Never deleted: it lives as long as the environment, which frees it.
  if (napi_create_reference(env, constructor, 1, &reference) != napi_ok) return nullptr;
  return reference;
}

// A JavaScript object that owns `object`: deleted when the object is collected or the environment
// ends, on the environment's thread.
template <typename T>
[[nodiscard]] napi_value new_instance(napi_env env, napi_ref constructor,
                                      std::unique_ptr<T> object) noexcept {
  napi_value function = nullptr;
  napi_value instance = nullptr;
  if (napi_get_reference_value(env, constructor, &function) != napi_ok ||
      napi_new_instance(env, function, 0, nullptr, &instance) != napi_ok) {
    return nullptr;
  }
  const napi_finalize finalize = [](napi_env, void* data, void*) {
    const std::unique_ptr<T> owned(static_cast<T*>(data));
  };
  if (napi_wrap(env, instance, object.get(), finalize, nullptr, nullptr) != napi_ok) return nullptr;
  static_cast<void>(object.release());  // the JavaScript object owns it now
  return instance;
}

// What `self` owns, or nullptr for a hollow instance.
template <typename T>
[[nodiscard]] T* unwrap(napi_env env, napi_value self) noexcept {
  void* data = nullptr;
  if (napi_unwrap(env, self, &data) != napi_ok) return nullptr;
  return static_cast<T*>(data);
}

}  // namespace millrace
