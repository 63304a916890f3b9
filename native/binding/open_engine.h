#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/background.h"
#include "core/engine.h"
#include "core/env.h"
#include "core/result.h"

namespace millrace {

// An engine with everything it needs to live, and the names of its open logs. Owned by the
// JavaScript object of the engine and by each open log together, so that whatever the garbage
// collector or an ending environment frees first, logs go before the engine and the engine before
// its Env and its threads.
//
// Calls come from one thread at a time: the environment's, or the one that opens or closes.
class OpenEngine {
 public:
  // A folder of the machine, created when missing.
  static Result<std::shared_ptr<OpenEngine>> open_folder(const std::string& path,
                                                         const LogOptions& options);
  // A store that lives as long as this object.
  static Result<std::shared_ptr<OpenEngine>> open_memory();

  [[nodiscard]] Engine& engine() noexcept { return *engine_; }

  // Removes every log that is neither listed nor open.
  Result<void> sweep(std::vector<LogIdentity> live);
  // Waits for background work and gives the lock back. No log is open; nothing may follow.
  Result<void> close();

  // The open logs, by identity; the metadata log counts as kMetaLog. Thread-safe: a log is closed
  // on a helper thread.
  static constexpr LogIdentity kMetaLog{};
  void opened(const LogIdentity& identity);
  void closed(const LogIdentity& identity);
  [[nodiscard]] bool is_open(const LogIdentity& identity) const;
  [[nodiscard]] bool has_open_logs() const;

 private:
  OpenEngine(std::shared_ptr<Env> env, std::shared_ptr<Background> background,
             std::unique_ptr<Engine> engine);
  static Result<std::shared_ptr<OpenEngine>> open(std::shared_ptr<Env> env, const std::string& root,
                                                  const LogOptions& options);

  // In the order of need: the engine goes first, the threads last.
  std::shared_ptr<Background> background_;
  std::shared_ptr<Env> env_;
  std::unique_ptr<Engine> engine_;
  mutable std::mutex mutex_;  // guards open_
  std::set<LogIdentity> open_;
};

}  // namespace millrace
