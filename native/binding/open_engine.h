#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "binding/shared_engine.h"
#include "core/engine.h"
#include "core/result.h"

namespace millrace {

// An engine as one environment has it, and the names of the logs that this one has open. Owned by
// the JavaScript object of the engine and by each open log together, so that whatever the garbage
// collector or an ending environment frees first, logs go before the engine.
//
// Calls come from one thread at a time: the environment's, or the one that opens or closes.
class OpenEngine {
 public:
  OpenEngine(std::shared_ptr<SharedEngine> shared, SharedEngine::Member member)
      : shared_(std::move(shared)), member_(member) {}
  OpenEngine(const OpenEngine&) = delete;
  OpenEngine& operator=(const OpenEngine&) = delete;
  // Without close(): logs are closed or gone; other environments go on.
  ~OpenEngine();

  [[nodiscard]] Engine& engine() noexcept { return shared_->engine(); }
  [[nodiscard]] bool is_shared() const { return shared_->is_shared(); }
  Result<std::shared_ptr<const MemoryImage>> image() { return shared_->image(); }
  bool take_turn() { return shared_->take_turn(member_); }
  void give_turn() { shared_->give_turn(member_); }
  bool take_duty() { return shared_->take_duty(member_); }
  void give_duty() { shared_->give_duty(member_); }
  [[nodiscard]] BucketTable& buckets() noexcept { return shared_->buckets(); }

  // Removes every log that is neither listed nor open. Only the first environment does: what
  // another one has made since may not be in this one's list.
  Result<void> sweep(const std::vector<LogIdentity>& live);
  // No log is open; nothing may follow.
  Result<void> close();

  // The open logs, by identity; the metadata log counts as kMetaLog. Thread-safe: a log is closed
  // on a helper thread.
  static constexpr LogIdentity kMetaLog{};
  void opened(const LogIdentity& identity);
  void closed(const LogIdentity& identity);
  [[nodiscard]] bool is_open(const LogIdentity& identity) const;
  [[nodiscard]] bool has_open_logs() const;

 private:
  std::shared_ptr<SharedEngine> shared_;  // null once closed
  const SharedEngine::Member member_;
  mutable std::mutex mutex_;  // guards open_
  std::set<LogIdentity> open_;
};

}  // namespace millrace
