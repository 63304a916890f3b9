#include "binding/tail_calls.h"

#include <utility>

namespace millrace {

bool TailCalls::expect(Napi::Env env, std::uint64_t id, const Napi::Function& callback, Hold hold) {
  if (!start(env)) return false;
  forget(id);
  expected_[id] = {.callback = Napi::Persistent(callback), .hold = hold};
  if (hold == Hold::kYes) this->hold();
  return true;
}

void TailCalls::forget(std::uint64_t id) {
  const auto found = expected_.find(id);
  if (found != expected_.end()) take(found);
}

Napi::FunctionReference TailCalls::take(std::map<std::uint64_t, Expected>::iterator expected) {
  Expected taken = std::move(expected->second);
  expected_.erase(expected);
  if (taken.hold == Hold::kYes) release();
  return std::move(taken.callback);
}

void TailCalls::hold() {
  if (++holds_ > 1) return;
  const std::lock_guard guard(mutex_);
  if (function_ != nullptr) napi_ref_threadsafe_function(env_, function_);
}

void TailCalls::release() {
  if (--holds_ > 0) return;
  const std::lock_guard guard(mutex_);
  if (function_ != nullptr) napi_unref_threadsafe_function(env_, function_);
}

// Raw: an ending environment refuses, and then there is nothing to call into.
bool TailCalls::start(napi_env env) {
  const std::lock_guard guard(mutex_);
  if (function_ != nullptr) return true;
  auto self = std::make_unique<std::shared_ptr<TailCalls>>(shared_from_this());
  napi_value name = nullptr;
  const bool made =
      napi_create_string_utf8(env, "millrace tail", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, self.get(), finalized,
                                      this, called, &function_) == napi_ok;
  if (!made) return false;
  static_cast<void>(self.release());  // finalized() owns it now
  env_ = env;
  napi_unref_threadsafe_function(env, function_);
  return true;
}

void TailCalls::call(std::uint64_t id) {
  // Held while the function is touched: finalized() waits for it, and Node frees the function after
  // that.
  const std::lock_guard guard(mutex_);
  if (function_ == nullptr) return;
  called_.push_back(id);
  if (called_.size() > 1) return;  // on its way already
  napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void TailCalls::called(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // it is ending
  static_cast<TailCalls*>(context)->run(env);
}

void TailCalls::run(Napi::Env env) {
  std::vector<std::uint64_t> ids;
  {
    const std::lock_guard guard(mutex_);
    ids.swap(called_);
  }
  for (const std::uint64_t id : ids) {
    const auto found = expected_.find(id);
    if (found == expected_.end()) continue;
    const Napi::HandleScope scope(env);
    const Napi::FunctionReference callback = take(found);
    napi_value undefined = nullptr;
    napi_get_undefined(env, &undefined);
    napi_call_function(env, undefined, callback.Value(), 0, nullptr, nullptr);
  }
}

void TailCalls::finalized(napi_env, void* data, void*) {
  const std::unique_ptr<std::shared_ptr<TailCalls>> self(
      static_cast<std::shared_ptr<TailCalls>*>(data));
  const std::lock_guard guard((*self)->mutex_);
  (*self)->function_ = nullptr;
}

}  // namespace millrace
