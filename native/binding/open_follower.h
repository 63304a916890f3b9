#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "binding/tail_calls.h"
#include "core/log_follower.h"
#include "core/store_reader.h"
#include "core/tail_watcher.h"

namespace millrace {

// A store that is only read. Its logs hold it, so that the collector may free them in any order.
using OpenReader = std::shared_ptr<StoreReader>;

// A followed log with the store it needs and the watch on its tail, as one JavaScript object holds
// it. The environment's thread only.
class OpenFollower {
 public:
  OpenFollower(OpenReader reader, std::unique_ptr<LogFollower> log,
               std::shared_ptr<TailCalls> calls);
  OpenFollower(const OpenFollower&) = delete;
  OpenFollower& operator=(const OpenFollower&) = delete;
  ~OpenFollower();

  [[nodiscard]] LogFollower& log() noexcept { return *log_; }
  // Calls `grown` once, when there is more than the last read saw. False when that is so already:
  // then it will not be called. nullopt when the environment is ending.
  std::optional<bool> watch(Napi::Env env, const Napi::Function& grown);
  void unwatch();

 private:
  OpenReader reader_;
  std::unique_ptr<LogFollower> log_;
  std::shared_ptr<TailCalls> calls_;
  const std::uint64_t call_id_;
  std::unique_ptr<TailWatcher::Watch> watch_;  // from the first watch() on
  bool watches_files_ = false;                 // not only for the log's first files
};

// The thread that watches tails for all environments of this process: there while somebody watches.
[[nodiscard]] std::shared_ptr<TailWatcher> shared_tail_watcher();

}  // namespace millrace
