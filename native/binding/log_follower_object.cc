#include "binding/log_follower_object.h"

#include <optional>

#include "binding/cold_page.h"
#include "binding/convert.h"
#include "binding/log_leasing.h"
#include "binding/log_reading.h"

namespace millrace {

Napi::Function LogFollowerObject::define(Napi::Env env) {
  return DefineClass(env, "NativeLogFollower",
                     {
                         raw_method("read", read),
                         raw_method("readResident", read_resident),
                         raw_method("readRecord", read_record),
                         method<&LogFollowerObject::load>("load"),
                         raw_method("readLeased", read_leased),
                         method<&LogFollowerObject::lease>("lease"),
                         method<&LogFollowerObject::seek>("seek"),
                         method<&LogFollowerObject::stats>("stats"),
                         method<&LogFollowerObject::watch>("watch"),
                         method<&LogFollowerObject::unwatch>("unwatch"),
                         method<&LogFollowerObject::close>("close"),
                     });
}

OpenFollower* LogFollowerObject::open_follower() const {
  if (owned_ == nullptr) throw_closed(Env(), "the log");
  return owned_.get();
}

OpenFollower* LogFollowerObject::open_follower(napi_env env, napi_value self) {
  const LogFollowerObject* object = receiver(env, self);
  return object == nullptr ? nullptr : object->open_follower();
}

napi_value LogFollowerObject::read(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  OpenFollower* follower = open_follower(env, call.self);
  return follower == nullptr ? nullptr : read_page(call, follower->log(), false);
}

napi_value LogFollowerObject::read_resident(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  OpenFollower* follower = open_follower(env, call.self);
  return follower == nullptr ? nullptr : read_page(call, follower->log(), true);
}

napi_value LogFollowerObject::read_record(napi_env env, napi_callback_info info) {
  const Call<4> call(env, info);
  OpenFollower* follower = open_follower(env, call.self);
  return follower == nullptr ? nullptr : read_one(call, follower->log());
}

Napi::Value LogFollowerObject::load(const Napi::CallbackInfo& info) {
  OpenFollower* follower = open_follower();
  return follower == nullptr ? Napi::Value() : load_cold(info, follower->log());
}

napi_value LogFollowerObject::read_leased(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  OpenFollower* follower = open_follower(env, call.self);
  return follower == nullptr ? nullptr : read_leased_page(call, follower->log());
}

Napi::Value LogFollowerObject::lease(const Napi::CallbackInfo& info) {
  OpenFollower* follower = open_follower();
  return follower == nullptr ? Napi::Value() : lease_segment(info, follower->log());
}

Napi::Value LogFollowerObject::seek(const Napi::CallbackInfo& info) {
  OpenFollower* follower = open_follower();
  return follower == nullptr ? Napi::Value() : seek_arrival(info, follower->log());
}

Napi::Value LogFollowerObject::stats(const Napi::CallbackInfo& info) {
  OpenFollower* follower = open_follower();
  return follower == nullptr ? Napi::Value() : fill_stats(info, follower->log());
}

Napi::Value LogFollowerObject::watch(const Napi::CallbackInfo& info) {
  OpenFollower* follower = open_follower();
  return follower == nullptr ? Napi::Value() : watch_log(info, follower->tail(), follower->log());
}

Napi::Value LogFollowerObject::unwatch(const Napi::CallbackInfo& info) {
  if (owned_ != nullptr) owned_->tail().unwatch();
  return info.Env().Undefined();
}

Napi::Value LogFollowerObject::close(const Napi::CallbackInfo& info) {
  if (open_follower() == nullptr) return {};
  owned_.reset();
  return info.Env().Undefined();
}

}  // namespace millrace
