#pragma once

#include <node_api.h>

#include <functional>

#include "core/result.h"

namespace millrace {

// Work that the event loop must not wait for, and the promise of its outcome.
//
// The work runs on one of libuv's threads and touches no JavaScript. Node waits for it before an
// environment ends, so it may hold what belongs to the environment's objects by shared pointer and
// nothing else.
class PromisedWork {
 public:
  using Work = std::function<Result<void>()>;
  // What the promise resolves with: called on the environment's thread, only after success.
  using Outcome = std::function<napi_value(napi_env)>;

  // Answers the promise; nullptr when the environment refuses, and then nothing was started.
  static napi_value start(napi_env env, Work work, Outcome outcome = nullptr);

 private:
  PromisedWork(Work work, Outcome outcome) : work_(std::move(work)), outcome_(std::move(outcome)) {}

  static void execute(napi_env env, void* data);
  static void complete(napi_env env, napi_status status, void* data);
  void settle(napi_env env);

  Work work_;
  Outcome outcome_;
  Result<void> result_;
  napi_deferred deferred_ = nullptr;
  napi_async_work handle_ = nullptr;
};

}  // namespace millrace
