#include "binding/environment.h"

#include "binding/buckets_object.h"
#include "binding/engine_object.h"
#include "binding/folder_check.h"
#include "binding/lease_object.h"
#include "binding/log_follower_object.h"
#include "binding/memory_image_object.h"
#include "binding/router_object.h"
#include "binding/shard_log_object.h"
#include "binding/store_reader_object.h"

namespace millrace {

Environment::Environment(Napi::Env env)
    : engine(Napi::Persistent(EngineObject::define(env))),
      shard_log(Napi::Persistent(ShardLogObject::define(env))),
      router(Napi::Persistent(RouterObject::define(env))),
      folder_check(Napi::Persistent(FolderCheckObject::define(env))),
      store_reader(Napi::Persistent(StoreReaderObject::define(env))),
      log_follower(Napi::Persistent(LogFollowerObject::define(env))),
      lease(Napi::Persistent(LeaseObject::define(env))),
      buckets(Napi::Persistent(BucketsObject::define(env))),
      memory_image(Napi::Persistent(MemoryImageObject::define(env))),
      tail_calls(std::make_shared<TailCalls>()) {}

Environment::~Environment() { tail_calls->end(); }

}  // namespace millrace
