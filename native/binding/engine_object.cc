#include "binding/engine_object.h"

#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/log_identity_argument.h"
#include "binding/native_object.h"
#include "binding/open_log.h"
#include "binding/promised_work.h"
#include "binding/shard_log_object.h"

namespace millrace {
namespace {

constexpr std::size_t kPathBytesMax = 4096;
constexpr const char* kIdentityRule =
    "a log is named by 32 lowercase hexadecimal digits and a shard number";

napi_value new_engine(napi_env env, std::shared_ptr<OpenEngine> engine) {
  return new_instance(env, Environment::of(env)->engine,
                      std::make_unique<EngineObject>(std::move(engine)));
}

napi_value new_log(napi_env env, std::shared_ptr<OpenEngine> engine, const LogIdentity& identity,
                   Result<std::unique_ptr<ShardLog>> log) {
  if (!log) return throw_error(env, log.error());
  auto open = std::make_shared<OpenLog>(std::move(engine), identity, std::move(*log));
  return new_instance(env, Environment::of(env)->shard_log,
                      std::make_unique<ShardLogObject>(std::move(open)));
}

// A list of identities; nullopt when `list` is anything else.
std::optional<std::vector<LogIdentity>> identities(napi_env env, napi_value list) {
  std::uint32_t length = 0;
  if (napi_get_array_length(env, list, &length) != napi_ok) return std::nullopt;
  std::vector<LogIdentity> found;
  for (std::uint32_t i = 0; i < length; ++i) {
    napi_handle_scope scope = nullptr;  // a store may have a hundred thousand logs
    napi_value id = nullptr;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return std::nullopt;
    const bool read = napi_get_element(env, list, i, &id) == napi_ok;
    const std::optional<LogIdentity> identity = read ? log_identity(env, id) : std::nullopt;
    napi_close_handle_scope(env, scope);
    if (!identity) return std::nullopt;
    found.push_back(*identity);
  }
  return found;
}

}  // namespace

napi_ref EngineObject::define(napi_env env) noexcept {
  const std::array methods{
      method("newIdentity", new_identity),
      method("openLog", open_log),
      method("openMeta", open_meta),
      method("drop", drop),
      method("sweep", sweep),
      method("close", close),
  };
  return define_class(env, "NativeEngine", methods);
}

napi_value EngineObject::open_folder(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  const std::optional<std::string> path = text(env, call[0], kPathBytesMax);
  const std::optional<bool> sync = boolean(env, call[1]);
  if (!path || path->empty() || path->find('\0') != std::string::npos || !sync) {
    return throw_invalid_argument(env, "openFolder takes a path and whether to sync");
  }
  auto opened = std::make_shared<std::shared_ptr<OpenEngine>>();
  auto work = [path = *path, sync = *sync, opened]() -> Result<void> {
    auto engine = OpenEngine::open_folder(path, sync);
    if (!engine) return std::move(engine.error());
    *opened = std::move(*engine);
    return {};
  };
  auto outcome = [opened](napi_env into) { return new_engine(into, std::move(*opened)); };
  return PromisedWork::start(env, std::move(work), std::move(outcome));
}

napi_value EngineObject::open_memory(napi_env env, napi_callback_info) {
  auto engine = OpenEngine::open_memory();
  if (!engine) return throw_error(env, engine.error());
  return new_engine(env, std::move(*engine));
}

EngineObject* EngineObject::open_object(napi_env env, napi_value self) noexcept {
  auto* object = unwrap<EngineObject>(env, self);
  if (object != nullptr && object->engine_ != nullptr) return object;
  throw_closed(env, "the engine");
  return nullptr;
}

napi_value EngineObject::new_identity(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  const EngineObject* object = open_object(env, call.self);
  if (object == nullptr) return nullptr;
  OpenEngine& engine = *object->engine_;
  const auto shard = whole_number(env, call[0], std::numeric_limits<std::uint32_t>::max());
  if (!shard) return throw_invalid_argument(env, "newIdentity takes a shard number");
  const auto identity = engine.engine().new_identity(static_cast<std::uint32_t>(*shard));
  if (!identity) return throw_error(env, identity.error());
  return to_js(env, folder_name(*identity));
}

napi_value EngineObject::open_log(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  const EngineObject* object = open_object(env, call.self);
  if (object == nullptr) return nullptr;
  OpenEngine& engine = *object->engine_;
  const std::optional<LogIdentity> identity = log_identity(env, call[0], call[1]);
  if (!identity) return throw_invalid_argument(env, kIdentityRule);
  if (engine.is_open(*identity)) return throw_invalid_argument(env, "the log is open already");
  auto log = engine.engine().open_log(*identity);
  return new_log(env, object->engine_, *identity, std::move(log));
}

napi_value EngineObject::open_meta(napi_env env, napi_callback_info info) {
  const Call<0> call(env, info);
  const EngineObject* object = open_object(env, call.self);
  if (object == nullptr) return nullptr;
  OpenEngine& engine = *object->engine_;
  if (engine.is_open(OpenEngine::kMetaLog)) {
    return throw_invalid_argument(env, "the metadata log is open already");
  }
  auto log = engine.engine().open_meta();
  return new_log(env, object->engine_, OpenEngine::kMetaLog, std::move(log));
}

napi_value EngineObject::drop(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  const EngineObject* object = open_object(env, call.self);
  if (object == nullptr) return nullptr;
  OpenEngine& engine = *object->engine_;
  const std::optional<LogIdentity> identity = log_identity(env, call[0], call[1]);
  if (!identity) return throw_invalid_argument(env, kIdentityRule);
  if (engine.is_open(*identity)) return throw_invalid_argument(env, "the log is open");
  const Result<void> dropped = engine.engine().drop(*identity);
  return dropped ? nullptr : throw_error(env, dropped.error());
}

napi_value EngineObject::sweep(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  const EngineObject* object = open_object(env, call.self);
  if (object == nullptr) return nullptr;
  OpenEngine& engine = *object->engine_;
  std::optional<std::vector<LogIdentity>> live = identities(env, call[0]);
  if (!live) return throw_invalid_argument(env, "sweep takes an array of the live logs' ids");
  const Result<void> swept = engine.sweep(std::move(*live));
  return swept ? nullptr : throw_error(env, swept.error());
}

napi_value EngineObject::close(napi_env env, napi_callback_info info) {
  const Call<0> call(env, info);
  EngineObject* object = open_object(env, call.self);
  if (object == nullptr) return nullptr;
  OpenEngine& engine = *object->engine_;
  if (engine.has_open_logs()) {
    return throw_invalid_argument(env, "an engine is closed after its logs");
  }
  return PromisedWork::start(env,
                             [closing = std::move(object->engine_)] { return closing->close(); });
}

}  // namespace millrace
