#pragma once

#include <napi.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace millrace {

// Calls into one environment from the thread that watches tails (core/tail_watcher.h): one
// threadsafe function for all logs of the environment. It keeps the event loop alive while a call
// is expected that somebody waits for; who calls while the environment ends calls nobody.
class TailCalls : public std::enable_shared_from_this<TailCalls> {
 public:
  // The environment's thread only.

  // A name for call(); never given twice.
  [[nodiscard]] std::uint64_t new_id() noexcept { return ++last_id_; }
  // Whether an expected call keeps the event loop alive.
  enum class Hold : bool { kNo, kYes };
  // The next call(id) calls `callback`, which must not throw. False when the environment is ending.
  bool expect(Napi::Env env, std::uint64_t id, const Napi::Function& callback, Hold hold);
  void forget(std::uint64_t id);
  // The environment is ending: lets go of its functions.
  void end() { expected_.clear(); }

  // Any thread, at any time: soon, on the environment's thread, the callback that is expected.
  void call(std::uint64_t id);

 private:
  struct Expected {
    Napi::FunctionReference callback;
    Hold hold;
  };

  bool start(napi_env env);
  // No longer expected; its callback.
  Napi::FunctionReference take(std::map<std::uint64_t, Expected>::iterator expected);
  // The count of calls that keep the loop alive goes up or down by one.
  void hold();
  void release();
  void run(Napi::Env env);
  static void called(napi_env env, napi_value function, void* context, void* data);
  static void finalized(napi_env env, void* data, void* hint);

  // The environment's thread.
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Expected> expected_;
  std::size_t holds_ = 0;  // of those
  napi_env env_ = nullptr;

  std::mutex mutex_;  // guards what follows
  // Null before the first expect(), and from the moment on when the environment takes it away.
  napi_threadsafe_function function_ = nullptr;
  std::vector<std::uint64_t> called_;  // not yet on the environment's thread
};

// A call that is expected for as long as this lives. The environment's thread only.
class ExpectedCall {
 public:
  ExpectedCall(std::shared_ptr<TailCalls> calls, std::uint64_t id) noexcept
      : calls_(std::move(calls)), id_(id) {}
  ExpectedCall(const ExpectedCall&) = delete;
  ExpectedCall& operator=(const ExpectedCall&) = delete;
  ~ExpectedCall() { calls_->forget(id_); }

 private:
  std::shared_ptr<TailCalls> calls_;
  std::uint64_t id_;
};

}  // namespace millrace
