#include "binding/folder_check.h"

#include <array>
#include <optional>
#include <utility>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/native_object.h"
#include "binding/store_report_object.h"
#include "core/env_posix.h"
#include "core/verify.h"

namespace millrace {
namespace {

// More often than this nobody looks at a progress bar.
constexpr std::chrono::milliseconds kTellEvery{50};

}  // namespace

napi_value FolderCheck::start(napi_env env, std::string path, napi_value on_progress,
                              StopFlag stop) {
  std::unique_ptr<FolderCheck> self(new FolderCheck(std::move(path), std::move(stop)));
  napi_value promise = nullptr;
  if (napi_create_promise(env, &self->deferred_, &promise) != napi_ok) return nullptr;
  napi_valuetype type = napi_undefined;
  napi_typeof(env, on_progress, &type);
  const napi_value function = type == napi_function ? on_progress : nullptr;
  if (napi_create_threadsafe_function(env, function, nullptr, to_js(env, "millrace verify"), 0, 1,
                                      nullptr, finalize, self.get(), called,
                                      &self->function_) != napi_ok) {
    return nullptr;
  }
  self->thread_ = std::thread([check = self.get()] { check->run(); });
  static_cast<void>(self.release());  // finalize() owns it now
  return promise;
}

void FolderCheck::run() {
  EnvPosix env;
  const ScanWatch watch{
      .progress = [this](std::uint64_t done, std::uint64_t total) { tell(done, total); },
      .stop = stop_.get()};
  result_ = verify_store(env, path_, watch);
  finished_.store(true, std::memory_order_release);
  // Whoever is told that the function closes has let go of it with that.
  if (closing_) return;
  if (napi_call_threadsafe_function(function_, nullptr, napi_tsfn_blocking) == napi_closing) return;
  napi_release_threadsafe_function(function_, napi_tsfn_release);
}

void FolderCheck::tell(std::uint64_t done, std::uint64_t total) {
  done_.store(done, std::memory_order_relaxed);
  total_.store(total, std::memory_order_relaxed);
  const auto now = std::chrono::steady_clock::now();
  if (closing_ || now - told_at_ < kTellEvery) return;
  told_at_ = now;
  if (napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_closing) {
    closing_ = true;
    stop_->store(true, std::memory_order_relaxed);  // nobody is there to see the rest
  }
}

void FolderCheck::called(napi_env env, napi_value on_progress, void* context, void*) {
  auto* self = static_cast<FolderCheck*>(context);
  if (env == nullptr) return;  // it is ending
  if (self->finished_.load(std::memory_order_acquire)) return self->settle(env);
  if (on_progress == nullptr) return;
  napi_value undefined = nullptr;
  napi_get_undefined(env, &undefined);
  const std::array<napi_value, 2> arguments{
      to_js(env, static_cast<double>(self->done_.load(std::memory_order_relaxed))),
      to_js(env, static_cast<double>(self->total_.load(std::memory_order_relaxed)))};
  // What it throws becomes an uncaught exception, as from any callback of a timer.
  napi_call_function(env, undefined, on_progress, arguments.size(), arguments.data(), nullptr);
}

void FolderCheck::settle(napi_env env) {
  if (std::exchange(settled_, true)) return;
  if (result_) {
    const napi_value report = report_to_js(env, path_, *result_);
    if (report != nullptr) napi_resolve_deferred(env, deferred_, report);
  } else {
    const napi_value reason = to_js_error(env, result_.error());
    if (reason != nullptr) napi_reject_deferred(env, deferred_, reason);
  }
}

void FolderCheck::finalize(napi_env, void*, void* context) {
  const std::unique_ptr<FolderCheck> self(static_cast<FolderCheck*>(context));
  self->stop_->store(true, std::memory_order_relaxed);
  self->thread_.join();
}

napi_ref FolderCheckObject::define(napi_env env) noexcept {
  const std::array methods{method("stop", stop)};
  return define_class(env, "NativeVerification", methods);
}

napi_value FolderCheckObject::verify_folder(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  const std::optional<std::string> path = folder_path(env, call[0]);
  if (!path) return throw_invalid_argument(env, "verifyFolder takes a path");
  auto flag = std::make_shared<std::atomic<bool>>(false);
  const napi_value object = new_instance(env, Environment::of(env)->folder_check,
                                         std::make_unique<FolderCheckObject>(flag));
  if (object == nullptr) return nullptr;
  const napi_value report = FolderCheck::start(env, *path, call[1], std::move(flag));
  if (report == nullptr) return nullptr;
  napi_set_named_property(env, object, "report", report);
  return object;
}

napi_value FolderCheckObject::stop(napi_env env, napi_callback_info info) {
  const Call<0> call(env, info);
  const auto* object = unwrap<FolderCheckObject>(env, call.self);
  if (object != nullptr) object->stop_->store(true, std::memory_order_relaxed);
  return nullptr;
}

}  // namespace millrace
