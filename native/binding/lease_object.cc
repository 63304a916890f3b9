#include "binding/lease_object.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "binding/environment.h"
#include "binding/shared_background.h"

namespace millrace {
namespace {

// Unmapping a large segment takes a millisecond: not on the thread that lets go last.
std::shared_ptr<LentSegment> shared(LeasedSegment lease) {
  return {new LentSegment{std::move(lease)}, [background = shared_background()](LentSegment* last) {
            background->post(Background::Lane::kPages, [last] { delete last; });
          }};
}

void adjust_external_memory(napi_env env, std::int64_t bytes) {
  std::int64_t total = 0;
  napi_adjust_external_memory(env, bytes, &total);
}

// The pages are the page cache's. Counted as JavaScript's they would make it collect all its
// garbage for the sake of a few segments. V8 looks at how far the count has risen since it was
// lowest, so it must not fall behind the truth either: what V8 is about to take off is put back
// just before.
void count(napi_env env, LentSegment& lent, bool counted) {
  if (lent.counted == counted) return;
  lent.counted = counted;
  const auto bytes = static_cast<std::int64_t>(lent.segment.bytes().size());
  adjust_external_memory(env, counted ? bytes : -bytes);
}

void let_go(napi_env env, void*, void* hint) {
  const std::unique_ptr<std::shared_ptr<LentSegment>> held(
      static_cast<std::shared_ptr<LentSegment>*>(hint));
  count(env, **held, true);
}

// Refused by Electron, and by every V8 that keeps its memory in a cage; and by the build that shows
// what happens then, whose headers do not even declare the call.
napi_status create_external_buffer(napi_env env, MutableBytes bytes, void* hint,
                                   napi_value* buffer) {
#if defined(NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED)
  (void)env, (void)bytes, (void)hint, (void)buffer, (void)let_go;
  return napi_no_external_buffers_allowed;
#else
  return napi_create_external_arraybuffer(env, bytes.data(), bytes.size(), let_go, hint, buffer);
#endif
}

// Empty when the runtime refuses.
Napi::Value external_buffer(Napi::Env env, const std::shared_ptr<LentSegment>& lent) {
  auto held = std::make_unique<std::shared_ptr<LentSegment>>(lent);
  napi_value buffer = nullptr;
  if (create_external_buffer(env, lent->segment.bytes(), held.get(), &buffer) != napi_ok) return {};
  (void)held.release();  // let_go has it
  count(env, *lent, false);
  return {env, buffer};
}

}  // namespace

Napi::Function LeaseObject::define(Napi::Env env) {
  return DefineClass(env, "NativeLease",
                     {
                         method<&LeaseObject::first>("first"),
                         method<&LeaseObject::next>("next"),
                         method<&LeaseObject::buffer>("buffer"),
                         method<&LeaseObject::release>("release"),
                     });
}

Napi::Value LeaseObject::lend(Napi::Env env, LeasedSegment lease) {
  auto* const environment = env.GetInstanceData<Environment>();
  std::shared_ptr<LentSegment> owned = shared(std::move(lease));
  const Napi::Value buffer = external_buffer(env, owned);
  if (buffer.IsEmpty()) {
    environment->lends = false;
    return env.Null();
  }
  const Napi::Value instance = make(environment->lease, std::move(owned));
  if (instance.IsEmpty()) return {};
  Unwrap(instance.As<Napi::Object>())->buffer_ = Napi::Persistent(buffer.As<Napi::Object>());
  return instance;
}

LeasedSegment* LeaseObject::lease_of(Napi::Env env, napi_value value) {
  const LeaseObject* object = passed(env, value);
  return object == nullptr || object->owned_ == nullptr ? nullptr : &object->owned_->segment;
}

Napi::Value LeaseObject::first(const Napi::CallbackInfo& info) {
  if (owned_ == nullptr) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(owned_->segment.first().value));
}

Napi::Value LeaseObject::next(const Napi::CallbackInfo& info) {
  if (owned_ == nullptr) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(owned_->segment.next().value));
}

Napi::Value LeaseObject::buffer(const Napi::CallbackInfo& info) {
  if (owned_ == nullptr) return info.Env().Undefined();
  return buffer_.Value();
}

Napi::Value LeaseObject::release(const Napi::CallbackInfo& info) {
  if (owned_ == nullptr) return info.Env().Undefined();
  // The address becomes nobody's here, and let_go is called when V8 has seen to it.
  count(info.Env(), *owned_, true);
  napi_detach_arraybuffer(info.Env(), buffer_.Value());
  buffer_.Reset();
  owned_.reset();
  return info.Env().Undefined();
}

}  // namespace millrace
