#pragma once

#include <napi.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "binding/native_object.h"
#include "core/result.h"
#include "core/store_report.h"

namespace millrace {

// One check of every byte of a store, on a thread of its own: it may take minutes, in which one of
// libuv's few threads would be missed, and an ending environment must not wait for it.
//
// Owned by its threadsafe function, whose finalizer ends the check, joins the thread and deletes
// this object: when the check is done, or when the environment ends before.
class FolderCheck {
 public:
  // Set to end the check soon. Outlives it.
  using StopFlag = std::shared_ptr<std::atomic<bool>>;

  // Answers the promise of the report; empty when the environment refuses, and then nothing was
  // started. `on_progress` is a function, or undefined.
  static Napi::Value start(Napi::Env env, std::string path, Napi::Value on_progress, StopFlag stop);

 private:
  FolderCheck(std::string path, StopFlag stop) : path_(std::move(path)), stop_(std::move(stop)) {}

  void run();
  void tell(std::uint64_t done, std::uint64_t total);
  void settle(Napi::Env env);
  // On the environment's thread, whenever the check's thread has called the function.
  static void called(napi_env env, napi_value on_progress, void* context, void* data);
  static void finalize(napi_env env, void* data, void* context);

  const std::string path_;
  const StopFlag stop_;
  napi_threadsafe_function function_ = nullptr;
  napi_deferred deferred_ = nullptr;
  std::thread thread_;

  // The check's thread only.
  std::chrono::steady_clock::time_point told_at_;
  bool closing_ = false;  // the function must not be touched any more

  // For showing only: stored and loaded relaxed, each on its own.
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_{0};
  // Stored with release once result_ is there; called() acquires.
  std::atomic<bool> finished_{false};
  Result<StoreReport> result_{StoreReport{}};
  bool settled_ = false;  // the environment's thread only
};

// The class `NativeVerification` of src/native/addon.ts: a check that can be ended.
class FolderCheckObject : public NativeObject<FolderCheckObject, FolderCheck::StopFlag> {
 public:
  explicit FolderCheckObject(const Napi::CallbackInfo& info) : NativeObject(info) {}

  static Napi::Function define(Napi::Env env);
  // Export of the addon: verifyFolder(path, onProgress).
  static Napi::Value verify_folder(const Napi::CallbackInfo& info);

 private:
  Napi::Value stop(const Napi::CallbackInfo& info);
};

}  // namespace millrace
