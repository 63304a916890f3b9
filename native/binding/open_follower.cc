#include "binding/open_follower.h"

#include <mutex>
#include <utility>

#include "core/env_posix.h"

namespace millrace {

std::shared_ptr<TailWatcher> shared_tail_watcher() {
  static std::mutex mutex;
  static std::weak_ptr<TailWatcher> current;
  const std::lock_guard lock(mutex);
  std::shared_ptr<TailWatcher> watcher = current.lock();
  if (watcher == nullptr) {
    watcher = TailWatcher::make(std::make_shared<EnvPosix>());
    current = watcher;
  }
  return watcher;
}

OpenFollower::OpenFollower(OpenReader reader, std::unique_ptr<LogFollower> log,
                           std::shared_ptr<TailCalls> calls)
    : reader_(std::move(reader)),
      log_(std::move(log)),
      calls_(std::move(calls)),
      call_id_(calls_->new_id()) {}

OpenFollower::~OpenFollower() { calls_->forget(call_id_); }

std::optional<bool> OpenFollower::watch(Napi::Env env, const Napi::Function& grown) {
  if (!calls_->expect(env, call_id_, grown)) return std::nullopt;
  if (watch_ == nullptr || watches_files_ != log_->has_files()) {
    watches_files_ = log_->has_files();
    watch_ = shared_tail_watcher()->watch(log_->source(),
                                          [calls = calls_, id = call_id_] { calls->call(id); });
  }
  if (watch_->arm(log_->seen())) return true;
  calls_->forget(call_id_);
  return false;
}

void OpenFollower::unwatch() {
  if (watch_ != nullptr) watch_->disarm();
  calls_->forget(call_id_);
}

}  // namespace millrace
