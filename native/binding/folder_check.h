#pragma once

#include <napi.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "binding/native_object.h"
#include "core/result.h"
#include "core/scan_meter.h"

namespace millrace {

// One check or repair of a store, on a thread of its own: it may take minutes, in which one of
// libuv's few threads would be missed, and an ending environment must not wait for it.
//
// Owned by its threadsafe function, whose finalizer ends the scan, joins the thread and deletes
// this object: when the scan is done, or when the environment ends before.
class FolderCheck {
 public:
  // Set to end the scan soon. Outlives it.
  using StopFlag = std::shared_ptr<std::atomic<bool>>;
  // A report as JavaScript sees it; and what makes one, on the scan's thread.
  using ToJs = std::function<Napi::Value(Napi::Env)>;
  using Scan = std::function<Result<ToJs>(const ScanWatch&)>;

  // Answers the promise of the report; empty when the environment refuses, and then nothing was
  // started. `on_progress` is a function, or undefined.
  static Napi::Value start(Napi::Env env, Scan scan, Napi::Value on_progress, StopFlag stop);

 private:
  FolderCheck(Scan scan, StopFlag stop) : scan_(std::move(scan)), stop_(std::move(stop)) {}

  void run();
  void tell(std::uint64_t done, std::uint64_t total);
  void settle(Napi::Env env);
  // On the environment's thread, whenever the scan's thread has called the function.
  static void called(napi_env env, napi_value on_progress, void* context, void* data);
  static void finalize(napi_env env, void* data, void* context);

  const Scan scan_;
  const StopFlag stop_;
  napi_threadsafe_function function_ = nullptr;
  napi_deferred deferred_ = nullptr;
  std::thread thread_;

  // The scan's thread only.
  std::chrono::steady_clock::time_point told_at_;
  bool closing_ = false;  // the function must not be touched any more

  // For showing only: stored and loaded relaxed, each on its own.
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_{0};
  // Stored with release once result_ is there; called() acquires.
  std::atomic<bool> finished_{false};
  Result<ToJs> result_{ToJs{}};
  bool settled_ = false;  // the environment's thread only
};

// The class `NativeScan` of src/native/addon.ts: a check or a repair that can be ended.
class FolderCheckObject : public NativeObject<FolderCheckObject, FolderCheck::StopFlag> {
 public:
  explicit FolderCheckObject(const Napi::CallbackInfo& info) : NativeObject(info) {}

  static Napi::Function define(Napi::Env env);
  // Export of the addon: verifyFolder(path, onProgress).
  static Napi::Value verify_folder(const Napi::CallbackInfo& info);
  // Export of the addon: repairFolder(path, dryRun, metadataBegin, onProgress).
  static Napi::Value repair_folder(const Napi::CallbackInfo& info);

 private:
  static Napi::Value begin(Napi::Env env, FolderCheck::Scan scan, Napi::Value on_progress);
  Napi::Value stop(const Napi::CallbackInfo& info);
};

}  // namespace millrace
