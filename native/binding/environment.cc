#include "binding/environment.h"

#include <memory>

#include "binding/engine_object.h"
#include "binding/folder_check.h"
#include "binding/router_object.h"
#include "binding/shard_log_object.h"

namespace millrace {

bool Environment::set_up(napi_env env) noexcept {
  auto classes = std::make_unique<Environment>();
  classes->engine = EngineObject::define(env);
  classes->shard_log = ShardLogObject::define(env);
  classes->router = RouterObject::define(env);
  classes->folder_check = FolderCheckObject::define(env);
  if (classes->engine == nullptr || classes->shard_log == nullptr || classes->router == nullptr ||
      classes->folder_check == nullptr) {
    return false;
  }
  const napi_finalize finalize = [](napi_env, void* data, void*) {
    const std::unique_ptr<Environment> owned(static_cast<Environment*>(data));
  };
  if (napi_set_instance_data(env, classes.get(), finalize, nullptr) != napi_ok) return false;
  static_cast<void>(classes.release());  // the environment owns it now
  return true;
}

const Environment* Environment::of(napi_env env) noexcept {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<const Environment*>(data);
}

}  // namespace millrace
