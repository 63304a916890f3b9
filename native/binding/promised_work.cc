#include "binding/promised_work.h"

#include <memory>
#include <utility>

#include "binding/convert.h"

namespace millrace {

napi_value PromisedWork::start(napi_env env, Work work, Outcome outcome) {
  std::unique_ptr<PromisedWork> self(new PromisedWork(std::move(work), std::move(outcome)));
  napi_value promise = nullptr;
  if (napi_create_async_work(env, nullptr, to_js(env, "millrace"), execute, complete, self.get(),
                             &self->handle_) != napi_ok) {
    return nullptr;
  }
  if (napi_create_promise(env, &self->deferred_, &promise) != napi_ok ||
      napi_queue_async_work(env, self->handle_) != napi_ok) {
    napi_delete_async_work(env, self->handle_);
    return nullptr;
  }
  static_cast<void>(self.release());  // complete() owns it now
  return promise;
}

void PromisedWork::execute(napi_env, void* data) {
  auto* self = static_cast<PromisedWork*>(data);
  self->result_ = self->work_();
  self->work_ = nullptr;  // what it held is let go on this thread: it may unmap or join
}

void PromisedWork::complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<PromisedWork> self(static_cast<PromisedWork*>(data));
  napi_delete_async_work(env, self->handle_);
  self->settle(env);
}

// In an ending environment each of these calls is refused, and nobody waits for the promise.
void PromisedWork::settle(napi_env env) {
  if (!result_) {
    const napi_value reason = to_js_error(env, result_.error());
    if (reason != nullptr) napi_reject_deferred(env, deferred_, reason);
    return;
  }
  napi_value value = nullptr;
  if (outcome_ != nullptr) {
    value = outcome_(env);
  } else {
    napi_get_undefined(env, &value);
  }
  if (value != nullptr) napi_resolve_deferred(env, deferred_, value);
}

}  // namespace millrace
