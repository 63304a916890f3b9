#include "binding/store_reader_object.h"

#include <optional>
#include <string>
#include <utility>

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/log_follower_object.h"
#include "binding/log_identity_argument.h"
#include "binding/promised_work.h"
#include "binding/shared_background.h"
#include "binding/store_report_object.h"
#include "core/env_posix.h"

namespace millrace {

Napi::Function StoreReaderObject::define(Napi::Env env) {
  return DefineClass(env, "NativeStoreReader",
                     {
                         method<&StoreReaderObject::open_log>("openLog"),
                         method<&StoreReaderObject::open_meta>("openMeta"),
                         method<&StoreReaderObject::close>("close"),
                     });
}

Napi::Value StoreReaderObject::open_reader(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<std::string> path = folder_path(env, info[0]);
  if (!path) return throw_invalid_argument(env, "openReader takes a path");
  auto opened = std::make_shared<OpenReader>();
  auto work = [path = *path, opened]() -> Result<void> {
    auto reader = StoreReader::open(std::make_shared<EnvPosix>(), shared_background(), path);
    if (!reader) return std::move(reader.error());
    *opened = std::move(*reader);
    return {};
  };
  return PromisedWork::start(env, std::move(work), [opened](Napi::Env into) {
    return make(into.GetInstanceData<Environment>()->store_reader, std::move(*opened));
  });
}

Napi::Value StoreReaderObject::new_follower(std::unique_ptr<LogFollower> log) const {
  auto* environment = Env().GetInstanceData<Environment>();
  return LogFollowerObject::make(
      environment->log_follower,
      std::make_unique<OpenFollower>(owned_, std::move(log), environment->tail_calls));
}

Napi::Value StoreReaderObject::open_log(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (owned_ == nullptr) return throw_closed(env, "the store");
  const std::optional<LogIdentity> identity = log_identity(env, info[0], info[1]);
  if (!identity) {
    return throw_invalid_argument(env, "openLog takes 32 hexadecimal digits and a shard number");
  }
  return new_follower(owned_->open_log(*identity));
}

Napi::Value StoreReaderObject::open_meta(const Napi::CallbackInfo& info) {
  if (owned_ == nullptr) return throw_closed(info.Env(), "the store");
  return new_follower(owned_->open_meta());
}

// Logs that are still open hold what they need of it.
Napi::Value StoreReaderObject::close(const Napi::CallbackInfo& info) {
  if (owned_ == nullptr) return throw_closed(info.Env(), "the store");
  // It waits for helper threads, which may be about the sync of a store beside it.
  return PromisedWork::start(info.Env(), [closing = std::move(owned_)]() mutable -> Result<void> {
    closing.reset();
    return {};
  });
}

}  // namespace millrace
