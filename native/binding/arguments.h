#pragma once

#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

namespace millrace {

// The receiver and the arguments of one call of a raw callback, without a heap allocation. Missing
// arguments are undefined, surplus ones are dropped.
template <std::size_t Count>
struct Call {
  napi_env env;
  napi_value self = nullptr;
  std::array<napi_value, Count> arguments{};

  Call(napi_env environment, napi_callback_info info) noexcept : env(environment) {
    std::size_t count = Count;
    napi_get_cb_info(env, info, &count, arguments.data(), &self, nullptr);
  }
  napi_value operator[](std::size_t index) const noexcept { return arguments[index]; }
};

// The readers below answer nullopt for a value of another type or out of range: TypeScript has
// checked before, so it is a refusal and never a conversion. Raw callbacks and Napi::CallbackInfo
// share them: they take the values of Node-API, which those of node-addon-api convert to.

// An integer from 0 to `max`.
[[nodiscard]] std::optional<std::uint64_t> whole_number(napi_env env, napi_value value,
                                                        std::uint64_t max) noexcept;
// A number brought into what JavaScript counts exactly; NaN is none. Fractions are cut.
[[nodiscard]] std::optional<std::int64_t> clamped_number(napi_env env, napi_value value) noexcept;
// A string of at most `bytes_max` bytes of UTF-8; a longer one, of up to a gigabyte, is not copied.
[[nodiscard]] std::optional<std::string> text(napi_env env, napi_value value,
                                              std::size_t bytes_max);

// Which typed array holds elements of type T.
template <typename T>
[[nodiscard]] constexpr napi_typedarray_type typed_array_of() noexcept {
  if constexpr (std::is_same_v<T, std::byte>) {
    return napi_uint8_array;
  } else if constexpr (std::is_same_v<T, std::uint32_t>) {
    return napi_uint32_array;
  } else {
    static_assert(std::is_same_v<T, double>, "no typed array of this type crosses");
    return napi_float64_array;
  }
}

// The memory of a typed array, valid until control returns to JavaScript. Empty when detached.
template <typename T>
[[nodiscard]] std::optional<std::span<T>> elements(napi_env env, napi_value value) noexcept {
  napi_typedarray_type type = napi_int8_array;
  std::size_t length = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != typed_array_of<T>()) return std::nullopt;
  return std::span<T>(static_cast<T*>(data), length);
}

}  // namespace millrace
