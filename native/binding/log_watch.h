#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "binding/convert.h"
#include "binding/tail_calls.h"
#include "core/tail_watcher.h"

namespace millrace {

// The thread that watches tails for all environments of this process: there while somebody watches.
[[nodiscard]] std::shared_ptr<TailWatcher> shared_tail_watcher();

// The watch on the tail of one log, for one environment, on its thread only.
class LogWatch {
 public:
  explicit LogWatch(std::shared_ptr<TailCalls> calls)
      : calls_(std::move(calls)), call_id_(calls_->new_id()) {}
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;
  ~LogWatch() { calls_->forget(call_id_); }

  // Calls `grown` once, when there is more than the last read of `log` saw. False when that is so
  // already: then it will not be called. nullopt when the environment is ending. `log` has
  // has_files(), source() and seen() of core/log_follower.h.
  template <typename Log>
  std::optional<bool> watch(Napi::Env env, const Napi::Function& grown, TailCalls::Hold hold,
                            const Log& log) {
    if (!calls_->expect(env, call_id_, grown, hold)) return std::nullopt;
    if (watch_ == nullptr || watches_files_ != log.has_files()) {
      watches_files_ = log.has_files();
      watch_ = shared_tail_watcher()->watch(log.source(),
                                            [calls = calls_, id = call_id_] { calls->call(id); });
    }
    if (watch_->arm(log.seen())) return true;
    calls_->forget(call_id_);
    return false;
  }
  void unwatch() {
    if (watch_ != nullptr) watch_->disarm();
    calls_->forget(call_id_);
  }

 private:
  std::shared_ptr<TailCalls> calls_;
  const std::uint64_t call_id_;
  std::unique_ptr<TailWatcher::Watch> watch_;  // from the first watch() on
  bool watches_files_ = false;                 // not only for the log's first files
};

// watch(grown, holdsLoop) of a JavaScript class.
template <typename Log>
Napi::Value watch_log(const Napi::CallbackInfo& info, LogWatch& watch, const Log& log) {
  if (!info[0].IsFunction() || !info[1].IsBoolean()) {
    return throw_invalid_argument(info.Env(),
                                  "watch takes a function and whether it holds the loop");
  }
  const auto hold = TailCalls::Hold{info[1].As<Napi::Boolean>().Value()};
  const std::optional<bool> armed =
      watch.watch(info.Env(), info[0].As<Napi::Function>(), hold, log);
  if (!armed) return throw_closed(info.Env(), "the environment");
  return Napi::Boolean::New(info.Env(), *armed);
}

}  // namespace millrace
