#include "binding/folder_check.h"

#include <array>
#include <optional>
#include <utility>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/repair_report_object.h"
#include "binding/store_report_object.h"
#include "core/env_posix.h"
#include "core/repair.h"
#include "core/verify.h"

namespace millrace {
namespace {

// More often than this nobody looks at a progress bar.
constexpr std::chrono::milliseconds kTellEvery{50};

}  // namespace

// Raw: an ending environment may refuse any of it, and what was made before is then given up.
Napi::Value FolderCheck::start(Napi::Env env, Scan scan, Napi::Value on_progress, StopFlag stop) {
  std::unique_ptr<FolderCheck> self(new FolderCheck(std::move(scan), std::move(stop)));
  napi_value promise = nullptr;
  if (napi_create_promise(env, &self->deferred_, &promise) != napi_ok) return {};
  const napi_value function = on_progress.IsFunction() ? napi_value(on_progress) : nullptr;
  if (napi_create_threadsafe_function(env, function, nullptr,
                                      Napi::String::New(env, "millrace scan"), 0, 1, nullptr,
                                      finalize, self.get(), called, &self->function_) != napi_ok) {
    return {};
  }
  self->thread_ = std::thread([check = self.get()] { check->run(); });
  static_cast<void>(self.release());  // finalize() owns it now
  return {env, promise};
}

void FolderCheck::run() {
  const ScanWatch watch{
      .progress = [this](std::uint64_t done, std::uint64_t total) { tell(done, total); },
      .stop = stop_.get()};
  result_ = scan_(watch);
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

void FolderCheck::settle(Napi::Env env) {
  if (std::exchange(settled_, true)) return;
  if (result_) {
    const Napi::Value report = (*result_)(env);
    if (!report.IsEmpty()) napi_resolve_deferred(env, deferred_, report);
  } else {
    const Napi::Value reason = to_js_error(env, result_.error());
    if (!reason.IsEmpty()) napi_reject_deferred(env, deferred_, reason);
  }
}

void FolderCheck::finalize(napi_env, void*, void* context) {
  const std::unique_ptr<FolderCheck> self(static_cast<FolderCheck*>(context));
  self->stop_->store(true, std::memory_order_relaxed);
  self->thread_.join();
}

Napi::Function FolderCheckObject::define(Napi::Env env) {
  return DefineClass(env, "NativeScan", {method<&FolderCheckObject::stop>("stop")});
}

Napi::Value FolderCheckObject::begin(Napi::Env env, FolderCheck::Scan scan,
                                     Napi::Value on_progress) {
  auto flag = std::make_shared<std::atomic<bool>>(false);
  const Napi::Value object = make(env.GetInstanceData<Environment>()->folder_check, flag);
  if (object.IsEmpty()) return {};
  const Napi::Value report = FolderCheck::start(env, std::move(scan), on_progress, std::move(flag));
  if (report.IsEmpty()) return {};
  object.As<Napi::Object>().Set("report", report);
  return object;
}

Napi::Value FolderCheckObject::verify_folder(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<std::string> path = folder_path(env, info[0]);
  if (!path) return throw_invalid_argument(env, "verifyFolder takes a path");
  auto scan = [path = *path](const ScanWatch& watch) -> Result<FolderCheck::ToJs> {
    EnvPosix posix;
    Result<StoreReport> report = verify_store(posix, path, watch);
    if (!report) return std::move(report.error());
    return FolderCheck::ToJs([path, report = std::move(*report)](Napi::Env into) {
      return report_to_js(into, path, report);
    });
  };
  return begin(env, std::move(scan), info[1]);
}

Napi::Value FolderCheckObject::repair_folder(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<std::string> path = folder_path(env, info[0]);
  const auto begin_at = whole_number(env, info[2], kSequenceLimit);
  if (!path || !info[1].IsBoolean() || !begin_at) {
    return throw_invalid_argument(env, "repairFolder takes a path, a boolean and an offset");
  }
  RepairOptions options{.dry_run = info[1].As<Napi::Boolean>().Value()};
  if (*begin_at > 0) options.metadata_begin = Sequence{*begin_at};
  auto scan = [path = *path, options](const ScanWatch& watch) -> Result<FolderCheck::ToJs> {
    EnvPosix posix;
    Result<RepairReport> report = repair_store(posix, path, options, watch);
    if (!report) return std::move(report.error());
    return FolderCheck::ToJs([path, report = std::move(*report)](Napi::Env into) {
      return repair_to_js(into, path, report);
    });
  };
  return begin(env, std::move(scan), info[3]);
}

Napi::Value FolderCheckObject::stop(const Napi::CallbackInfo& info) {
  if (owned_ != nullptr) owned_->store(true, std::memory_order_relaxed);
  return info.Env().Undefined();
}

}  // namespace millrace
