#pragma once

#include <napi.h>

#include <functional>

#include "core/result.h"

namespace millrace {

// Work that the event loop must not wait for, and the promise of its outcome.
//
// The work runs on one of libuv's threads and touches no JavaScript. Node waits for it before an
// environment ends, so it may hold what belongs to the environment's objects by shared pointer and
// nothing else.
class PromisedWork : public Napi::AsyncWorker {
 public:
  using Work = std::function<Result<void>()>;
  // What the promise resolves with: called on the environment's thread, only after success.
  using Outcome = std::function<Napi::Value(Napi::Env)>;

  // Answers the promise; empty when the environment is ending, and then nothing was started.
  static Napi::Value start(Napi::Env env, Work work, Outcome outcome = nullptr);

 private:
  PromisedWork(Napi::Env env, Work work, Outcome outcome);

  void Execute() override;
  // The work was done, with success or without.
  void OnOK() override;

  Work work_;
  Outcome outcome_;
  Result<void> result_;
  napi_deferred deferred_ = nullptr;
};

}  // namespace millrace
