#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

namespace millrace {

// Syncs of a log's files that are not its checkpointer's: of commits, of zeros ahead, of seals. The
// system tells of a failed write-back once, so that a checkpoint which opens the file after one of
// them was told hears nothing. Each is noted from before it begins until its failure has poisoned
// the log, and the checkpointer waits for those before it believes its own.
//
// begin() by any thread, await() by one at a time.
class SyncsElsewhere {
 public:
  // One that is under way.
  class Turn {
   public:
    explicit Turn(SyncsElsewhere& owner) : owner_(&owner), round_(owner.enter()) {}
    Turn(Turn&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), round_(other.round_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (owner_ != nullptr) owner_->leave(round_);
    }

   private:
    SyncsElsewhere* owner_;
    std::size_t round_;
  };

  [[nodiscard]] Turn begin() { return Turn(*this); }

  // Those that had begun are over. Not held up by those that begin meanwhile.
  void await() {
    std::unique_lock lock(mutex_);
    const std::size_t round = std::exchange(round_, 1 - round_);
    awaited_ = true;
    ended_.wait(lock, [&] { return under_way_[round] == 0; });
    awaited_ = false;
  }

  // Somebody waits right now.
  [[nodiscard]] bool is_awaited() {
    const std::lock_guard guard(mutex_);
    return awaited_;
  }

 private:
  std::size_t enter() {
    const std::lock_guard guard(mutex_);
    ++under_way_[round_];
    return round_;
  }
  void leave(std::size_t round) noexcept {
    // Notified with the lock: whoever waits may be the last to need this object.
    const std::lock_guard guard(mutex_);
    if (--under_way_[round] == 0) ended_.notify_all();
  }

  std::mutex mutex_;  // guards all below; held for moments
  std::condition_variable ended_;
  std::array<std::uint64_t, 2> under_way_{};  // by round: that of whoever begins now, and the other
  std::size_t round_ = 0;
  bool awaited_ = false;
};

}  // namespace millrace
