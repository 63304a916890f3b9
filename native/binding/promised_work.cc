#include "binding/promised_work.h"

#include <memory>
#include <utility>

#include "binding/convert.h"

namespace millrace {

PromisedWork::PromisedWork(Napi::Env env, Work work, Outcome outcome)
    : AsyncWorker(env, "millrace"), work_(std::move(work)), outcome_(std::move(outcome)) {}

Napi::Value PromisedWork::start(Napi::Env env, Work work, Outcome outcome) {
  std::unique_ptr<PromisedWork> self(new PromisedWork(env, std::move(work), std::move(outcome)));
  // Raw: Promise::Deferred does not say that an ending environment refused, and answers a promise
  // of uninitialised memory.
  napi_value promise = nullptr;
  if (napi_create_promise(env, &self->deferred_, &promise) != napi_ok) return {};
  self.release()->Queue();  // AsyncWorker deletes itself when it is done
  return {env, promise};
}

void PromisedWork::Execute() {
  result_ = work_();
  work_ = nullptr;  // what it held is let go on this thread: it may unmap or join
}

// In an ending environment each of these calls is refused, and nobody waits for the promise.
void PromisedWork::OnOK() {
  if (!result_) {
    const Napi::Value reason = to_js_error(Env(), result_.error());
    if (!reason.IsEmpty()) napi_reject_deferred(Env(), deferred_, reason);
    return;
  }
  const Napi::Value value = outcome_ == nullptr ? Env().Undefined() : outcome_(Env());
  if (!value.IsEmpty()) napi_resolve_deferred(Env(), deferred_, value);
}

}  // namespace millrace
