#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>

namespace millrace {

// A JavaScript object while its fields are set.
class Fields {
 public:
  explicit Fields(Napi::Env env) : object_(Napi::Object::New(env)) {}

  Fields& set(const char* name, Napi::Value value) {
    object_.Set(name, value);
    return *this;
  }
  Fields& text(const char* name, const std::string& value) {
    return set(name, Napi::String::New(object_.Env(), value));
  }
  // What no sound store reaches, 2^53 and more, may come from a damaged one: it is shown rounded.
  Fields& number(const char* name, double value) {
    return set(name, Napi::Number::New(object_.Env(), value));
  }
  Fields& number(const char* name, std::uint64_t value) {
    return number(name, static_cast<double>(value));
  }
  Fields& number(const char* name, std::int64_t value) {
    return number(name, static_cast<double>(value));
  }
  Fields& flag(const char* name, bool value) {
    return set(name, Napi::Boolean::New(object_.Env(), value));
  }
  [[nodiscard]] Napi::Value object() const { return object_; }

 private:
  Napi::Object object_;
};

// `convert` of what is there, null of what is not.
template <typename T>
Napi::Value optional_of(Napi::Env env, const std::optional<T>& value,
                        Napi::Value (*convert)(Napi::Env, const T&)) {
  return value ? convert(env, *value) : env.Null();
}

template <typename Range, typename Item>
Napi::Value array_of(Napi::Env env, const Range& items,
                     Napi::Value (*convert)(Napi::Env, const Item&)) {
  Napi::Array array = Napi::Array::New(env, items.size());
  std::uint32_t index = 0;
  for (const Item& item : items) array.Set(index++, convert(env, item));
  return array;
}

}  // namespace millrace
