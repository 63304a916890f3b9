#pragma once

#include <node_api.h>

#include <cstdint>
#include <string_view>

#include "core/result.h"

namespace millrace {

// How values and failures of the core look in JavaScript.
//
// Everything here and in the rest of the binding answers nullptr (which JavaScript sees as
// undefined) when Node-API refuses: then an exception is pending, or the environment is ending and
// nobody will look.

// What append and read answer instead of a count. Spelt as `Refusal` in src/log/log.ts.
inline constexpr std::int32_t kRefusalSealed = -1;
inline constexpr std::int32_t kRefusalFull = -2;
inline constexpr std::int32_t kRefusalBusy = -3;
inline constexpr std::int32_t kRefusalTrimmed = -5;
// Only between the addon and src/log: the next record needs more room than `bytes` has.
inline constexpr std::int32_t kRefusalGrow = -100;

[[nodiscard]] napi_value to_js(napi_env env, std::string_view text) noexcept;
[[nodiscard]] napi_value to_js(napi_env env, double number) noexcept;
[[nodiscard]] napi_value to_js_integer(napi_env env, std::int32_t number) noexcept;

// The one place where a failure of the core becomes a JavaScript value: an Error whose `code` is
// one of src/errors.ts, with `errno` (0: no system call failed) and `detail` (core/result.h). What
// receives it makes a MillraceError of it (src/native/failure.ts).
[[nodiscard]] napi_value to_js_error(napi_env env, const Error& error) noexcept;

// Leaves an exception pending; answers nullptr, so that a callback can return the call.
napi_value throw_error(napi_env env, const Error& error) noexcept;
// ERR_MILLRACE_INVALID_ARGUMENT; `rule` says what the caller should have passed.
napi_value throw_invalid_argument(napi_env env, const char* rule) noexcept;
// ERR_MILLRACE_CLOSED.
napi_value throw_closed(napi_env env, const char* what) noexcept;

}  // namespace millrace
