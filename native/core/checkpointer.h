#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/append_window.h"
#include "core/background.h"
#include "core/control_file.h"
#include "core/env.h"
#include "core/result.h"
#include "core/syncs_elsewhere.h"
#include "core/units.h"

namespace millrace {

// What is on the disk of one log, and how it gets there: syncs segments, then the folder, then
// moves the durable mark, then syncs the control page. The first failure poisons the log for good,
// because a second sync after a failed one proves nothing. That no descriptor was left to begin
// with is no such failure: it is tried again.
//
// The writer reports segments and commits; run() may be called by any thread and by several at
// once.
class Checkpointer : public std::enable_shared_from_this<Checkpointer> {
 public:
  Checkpointer(std::shared_ptr<Env> env, std::string directory,
               std::shared_ptr<ControlFile> control, LogPosition durable, Sequence durable_next,
               Sequence next)
      : env_(std::move(env)),
        directory_(std::move(directory)),
        control_(std::move(control)),
        durable_(durable.bytes),
        durable_next_(durable_next.value),
        published_next_(next.value),
        reserved_(control_->page().reserved_sequence.load(std::memory_order_relaxed)) {}

  // Before its first frame is published, or when an earlier process may have left bytes of it
  // unsynced. `window`: what it is stored through; null where frames are written by calls, and
  // where nobody writes any more: then all of the file is synced. `fresh`: the folder may have a
  // new name to sync. Writer only.
  void segment_started(std::string path, LogPosition base, std::shared_ptr<AppendWindow> window,
                       bool fresh);
  // After the commit mark moved. Writer only.
  void published(Sequence next) noexcept {
    // Release: run() that sees this number also sees the commit mark that was stored before it.
    published_next_.store(next.value, std::memory_order_release);
  }

  // Frames before this number are durable, whether a checkpoint covered them or not.
  void frames_durable(Sequence next) noexcept;

  // Runs `task` once everything below `end`, which is published, is durable, if it ever is: short,
  // on whatever thread syncs, and not an owner of this object.
  void when_durable(LogPosition end, std::function<void()> task);

  // Makes everything published before the call durable. kPoisoned after a failure, now or before.
  Result<void> run();
  // A writer begins: puts the control page as it stands, and numbers to use, on the disk, and the
  // names of a log that has nothing durable yet. Records that an earlier process left unsynced wait
  // for the next run.
  Result<void> reserve();

  // Runs on the helper thread: at once, or a while after the first call since the last run. Both
  // are cheap when a run is on its way already.
  void run_soon(Background& background);
  void run_later(Background& background, std::uint64_t delay_ms);

  // Sequence numbers ahead of use are reserved on the disk; those below this may be used.
  [[nodiscard]] Sequence reserved() const noexcept {
    return {
        reserved_.load(std::memory_order_relaxed)};  // the writer's own limit; no data hangs on it
  }
  // What a checkpoint has covered, index and all.
  [[nodiscard]] LogPosition durable() const noexcept {
    // Relaxed: a lower bound that only grows.
    return {durable_.load(std::memory_order_relaxed)};
  }
  // Every record below it is durable.
  [[nodiscard]] Sequence durable_next() const noexcept {
    return {durable_next_.load(std::memory_order_relaxed)};  // as durable()
  }

  // The log is gone: waits for a run on its way; tasks that are still to come do nothing.
  void abandon();

  // The control page as it stands is on the disk when it returns. A failure poisons the log.
  Result<void> sync_control();
  // Behind a run that covered everything: the page says that the log was closed, durably.
  Result<void> close();

  // To be held by whoever syncs a file of the log, until a failure has poisoned it.
  [[nodiscard]] SyncsElsewhere& syncs_elsewhere() noexcept { return elsewhere_; }
  // Runs `sync`, of a file of the log, so; its failure poisons.
  template <typename Sync>
  Result<void> sync_elsewhere(PoisonStage stage, Sync&& sync) {
    const SyncsElsewhere::Turn turn = elsewhere_.begin();
    Result<void> synced = std::forward<Sync>(sync)();
    return synced ? synced : failed(stage, synced.error());
  }

  // Marks the log as failed: state, stage and errno go to the control page, if that can still be
  // stored to. Any thread.
  void poison(PoisonStage stage, const Error& cause) noexcept;
  [[nodiscard]] bool poisoned() const noexcept {
    // Acquire pairs with the release in poison(): the stage and errno are there.
    return poisoned_.load(std::memory_order_acquire);
  }
  // Only once it is.
  [[nodiscard]] Error poison_error() const;

 private:
  struct Unsynced {
    std::string path;
    LogPosition base;
    std::shared_ptr<AppendWindow> window;
  };
  struct Waiting {
    LogPosition end;
    std::function<void()> task;
  };

  Result<void> failed(PoisonStage stage, const Error& cause);
  void retry(Background& background);
  static FileOffset offset_in(const Unsynced& segment, LogPosition at) noexcept;
  Result<void> run_once();
  Result<void> sync_segments(LogPosition target);
  Result<void> sync_names();
  Result<void> sync_folder();
  Result<void> store_marks(LogPosition target, Sequence next);
  Result<void> store_reserve(Sequence next);
  void run_waiting();

  const std::shared_ptr<Env> env_;  // first: what follows is mapped through it
  const std::string directory_;
  const std::shared_ptr<ControlFile> control_;

  std::mutex running_;      // one run at a time; held through the syncs
  bool abandoned_ = false;  // guarded by running_
  SyncsElsewhere elsewhere_;
  std::mutex control_sync_;  // one sync of the control page at a time: they, too, are told once
  std::mutex list_;          // guards the three below; held for moments
  std::deque<Unsynced> unsynced_;
  std::deque<Waiting> waiting_;  // by growing end
  bool folder_changed_ = false;

  // Moved by the run that holds running_; see the readers above for their orders.
  std::atomic<std::uint64_t> durable_;
  std::atomic<std::uint64_t> durable_next_;
  std::atomic<std::uint64_t> published_next_;
  std::atomic<std::uint64_t> reserved_;
  std::mutex poisoning_;  // held for moments
  std::atomic<bool> poisoned_{false};
  // Why: the page may have refused to say it. Stored before poisoned_, and never again.
  PoisonStage poison_stage_ = PoisonStage::kNone;
  int poison_errno_ = 0;
  // A task is on its way. Set by whoever posts it, cleared by the task before it looks at the mark,
  // so that nothing published after that look is forgotten.
  std::atomic<bool> soon_{false};
  std::atomic<bool> later_{false};
};

}  // namespace millrace
