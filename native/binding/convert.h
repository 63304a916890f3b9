#pragma once

#include <napi.h>

#include <cstdint>

#include "core/result.h"

namespace millrace {

// How values and failures of the core look in JavaScript.
//
// Everything here and in the rest of the binding answers an empty value (nullptr in raw callbacks),
// which JavaScript sees as undefined, when Node-API refuses: then an exception is pending, or the
// environment is ending and nobody will look.

// What append and read answer instead of a count. Spelt as `Refusal` in src/log/log.ts.
inline constexpr std::int32_t kRefusalSealed = -1;
inline constexpr std::int32_t kRefusalFull = -2;
inline constexpr std::int32_t kRefusalBusy = -3;
inline constexpr std::int32_t kRefusalTrimmed = -5;
// Only between the addon and src/log: the next record needs more room than `bytes` has.
inline constexpr std::int32_t kRefusalGrow = -100;
// The same of readResident: it would have waited for the disk.
inline constexpr std::int32_t kRefusalCold = -101;
// The same of a direct append: nothing was done, the record goes the long way.
inline constexpr std::int32_t kRefusalElsewhere = -102;

// Answers of raw callbacks.
[[nodiscard]] napi_value to_js(napi_env env, double number) noexcept;
[[nodiscard]] napi_value to_js_integer(napi_env env, std::int32_t number) noexcept;

// The one place where a failure of the core becomes a JavaScript value: an Error whose `code` is
// one of src/errors.ts, with `errno` (0: no system call failed) and `detail` (core/result.h). What
// receives it makes a MillraceError of it (src/native/failure.ts).
[[nodiscard]] Napi::Value to_js_error(Napi::Env env, const Error& error);

// Leaves an exception pending; answers an empty value, so that a callback can return the call.
Napi::Value throw_error(Napi::Env env, const Error& error);
// ERR_MILLRACE_INVALID_ARGUMENT; `rule` says what the caller should have passed.
Napi::Value throw_invalid_argument(Napi::Env env, const char* rule);
// ERR_MILLRACE_CLOSED.
Napi::Value throw_closed(Napi::Env env, const char* what);

}  // namespace millrace
