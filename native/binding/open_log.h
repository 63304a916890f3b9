#pragma once

#include <memory>
#include <optional>
#include <shared_mutex>

#include "binding/open_engine.h"
#include "core/result.h"
#include "core/shard_log.h"

namespace millrace {

// A log with the engine it needs, as one JavaScript object and its promised work hold it together.
// Destroyed without close(), it is as if the process had died here.
class OpenLog {
 public:
  OpenLog(std::shared_ptr<OpenEngine> engine, const LogIdentity& identity,
          std::unique_ptr<ShardLog> log);
  OpenLog(const OpenLog&) = delete;
  OpenLog& operator=(const OpenLog&) = delete;
  ~OpenLog();

  // The environment's thread only, and not after it has asked for close().
  [[nodiscard]] ShardLog& log() noexcept { return *log_; }
  // Any thread: keeps the log open while it holds the lock.
  class Use {
   public:
    explicit Use(OpenLog& log) : lock_(log.use_), log_(log.log_.get()) {}
    // Null once the log is closed.
    [[nodiscard]] ShardLog* log() const noexcept { return log_; }

   private:
    std::shared_lock<std::shared_mutex> lock_;
    ShardLog* log_;
  };
  // Any thread. A flush that a close has overtaken answers as the close did: that syncs as well.
  Result<void> flush();
  // Any thread, once: waits for running flushes, then closes and lets go of the log.
  Result<void> close();

 private:
  void release();

  std::shared_ptr<OpenEngine> engine_;  // destroyed after the log
  LogIdentity identity_;
  std::shared_mutex use_;  // shared: flushing, writing; exclusive: closing
  std::unique_ptr<ShardLog> log_;
  std::optional<Error> close_error_;
};

}  // namespace millrace
