#include "core/trimmed_segments.h"

#include <utility>

#include "core/sync_directory.h"

namespace millrace {

void TrimmedSegments::add(Batch batch) {
  const std::lock_guard guard(list_);
  added_.push_back(std::move(batch));
}

void TrimmedSegments::remove() {
  const std::lock_guard removing(removing_);
  if (abandoned_) return;
  std::vector<Batch> due;
  {
    const std::lock_guard guard(list_);
    due.swap(added_);
  }
  for (const Batch& batch : due) remove(batch);
}

void TrimmedSegments::abandon() {
  const std::lock_guard removing(removing_);
  abandoned_ = true;
}

// Who never syncs has no mark of its own; that of earlier writers must not outlive what it speaks
// of, because then something would seem to be missing. Whether there was such a mark.
bool TrimmedSegments::forget_promises(const Batch& batch) noexcept {
  ControlPage& page = batch.control->page();
  // Relaxed: nobody else stores them while the log is open without syncs.
  const LogPosition durable{page.durable.load(std::memory_order_relaxed)};
  if (durable.bytes == 0) return false;
  if (durable < batch.first_kept_at) {
    page.indexed.store(0, std::memory_order_relaxed);
    page.durable.store(0, std::memory_order_relaxed);
  }
  return true;
}

// Behind a checkpoint, so that the first kept segment is on the disk before the control page says
// that it is the first, and before any other goes. A crash in between leaves a longer log.
void TrimmedSegments::remove(const Batch& batch) {
  if (batch.checkpointer && !batch.checkpointer->run()) return;
  const bool promised = !batch.checkpointer && forget_promises(batch);
  batch.control->page().first_segment.store(batch.first_kept.value, std::memory_order_relaxed);
  batch.control->stored();
  if (promised && !batch.control->sync()) return;
  if (batch.checkpointer && !batch.checkpointer->sync_control()) return;
  for (const std::string& path : batch.paths) (void)env_->unlink(path);
  if (!batch.checkpointer) return;
  // A failure meets the next append.
  (void)batch.checkpointer->sync_elsewhere(PoisonStage::kSyncDirectory,
                                           [&] { return sync_directory(*env_, directory_); });
}

}  // namespace millrace
