#include "binding/convert.h"

#include <string>

namespace millrace {
namespace {

const char* public_code(Errc code) noexcept {
  switch (code) {
    case Errc::kNoSpace:
      return "ERR_MILLRACE_NO_SPACE";
    case Errc::kPermission:
      return "ERR_MILLRACE_PERMISSION";
    case Errc::kBusy:
      return "ERR_MILLRACE_STORE_BUSY";
    case Errc::kNotAStore:
      return "ERR_MILLRACE_NOT_A_STORE";
    case Errc::kNewerFormat:
      return "ERR_MILLRACE_NEWER_FORMAT";
    case Errc::kCorrupt:
      return "ERR_MILLRACE_CORRUPT";
    case Errc::kPoisoned:
      return "ERR_MILLRACE_POISONED";
    case Errc::kSealed:
      return "ERR_MILLRACE_SHARD_SEALED";
    case Errc::kClosed:
      return "ERR_MILLRACE_CLOSED";
    case Errc::kTrimmed:
      return "ERR_MILLRACE_TRIMMED";
    case Errc::kBacklog:
      return "ERR_MILLRACE_BACKLOG";
    case Errc::kTooLarge:
      return "ERR_MILLRACE_RECORD_TOO_LARGE";
    case Errc::kUnsupported:
      return "ERR_MILLRACE_UNSUPPORTED";
    case Errc::kRemoved:
      return "ERR_MILLRACE_STREAM_NOT_FOUND";
    case Errc::kIo:
    case Errc::kNotFound:  // a file that has to be there is not: errno tells it from other failures
      return "ERR_MILLRACE_IO";
  }
  return "ERR_MILLRACE_IO";
}

}  // namespace

napi_value to_js(napi_env env, double number) noexcept {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

napi_value to_js_integer(napi_env env, std::int32_t number) noexcept {
  napi_value value = nullptr;
  napi_create_int32(env, number, &value);
  return value;
}

// Raw from here on: Napi::Error aborts the process when it throws while an exception is pending (a
// getter among the arguments threw), where these calls are refused and the first exception stays.

Napi::Value to_js_error(Napi::Env env, const Error& error) {
  napi_value value = nullptr;
  const napi_status created =
      napi_create_error(env, Napi::String::New(env, public_code(error.code)),
                        Napi::String::New(env, error.message), &value);
  if (created != napi_ok) return {};
  napi_set_named_property(env, value, "errno", to_js_integer(env, error.sys_errno));
  napi_set_named_property(env, value, "detail", to_js(env, static_cast<double>(error.detail)));
  return {env, value};
}

Napi::Value throw_error(Napi::Env env, const Error& error) {
  const Napi::Value value = to_js_error(env, error);
  if (!value.IsEmpty()) napi_throw(env, value);
  return {};
}

Napi::Value throw_invalid_argument(Napi::Env env, const char* rule) {
  napi_throw_type_error(env, "ERR_MILLRACE_INVALID_ARGUMENT", rule);
  return {};
}

Napi::Value throw_closed(Napi::Env env, const char* what) {
  return throw_error(env, {.code = Errc::kClosed, .message = std::string(what) + " is closed"});
}

}  // namespace millrace
