#pragma once

#include <memory>

#include "binding/log_watch.h"
#include "core/log_follower.h"
#include "core/store_reader.h"

namespace millrace {

// A store that is only read. Its logs hold it, so that the collector may free them in any order.
using OpenReader = std::shared_ptr<StoreReader>;

// A followed log with the store it needs and the watch on its tail, as one JavaScript object holds
// it. The environment's thread only.
class OpenFollower {
 public:
  OpenFollower(OpenReader reader, std::unique_ptr<LogFollower> log,
               std::shared_ptr<TailCalls> calls)
      : reader_(std::move(reader)), log_(std::move(log)), watch_(std::move(calls)) {}

  [[nodiscard]] LogFollower& log() noexcept { return *log_; }
  [[nodiscard]] LogWatch& tail() noexcept { return watch_; }

 private:
  OpenReader reader_;
  std::unique_ptr<LogFollower> log_;
  LogWatch watch_;
};

}  // namespace millrace
