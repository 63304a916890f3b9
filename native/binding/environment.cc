#include "binding/environment.h"

#include "binding/engine_object.h"
#include "binding/folder_check.h"
#include "binding/lease_object.h"
#include "binding/router_object.h"
#include "binding/shard_log_object.h"

namespace millrace {

Environment::Environment(Napi::Env env)
    : engine(Napi::Persistent(EngineObject::define(env))),
      shard_log(Napi::Persistent(ShardLogObject::define(env))),
      router(Napi::Persistent(RouterObject::define(env))),
      folder_check(Napi::Persistent(FolderCheckObject::define(env))),
      lease(Napi::Persistent(LeaseObject::define(env))) {}

}  // namespace millrace
