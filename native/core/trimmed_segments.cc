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

// Behind a checkpoint, so that the first kept segment is on the disk before the control page says
// that it is the first, and before any other goes. A crash in between leaves a longer log.
void TrimmedSegments::remove(const Batch& batch) {
  if (batch.checkpointer && !batch.checkpointer->run()) return;
  batch.control->page().first_segment.store(batch.first_kept.value, std::memory_order_relaxed);
  batch.control->stored();
  if (batch.checkpointer && !batch.checkpointer->sync_control()) return;
  for (const std::string& path : batch.paths) (void)env_->unlink(path);
  if (!batch.checkpointer) return;
  // A failure meets the next append.
  (void)batch.checkpointer->sync_elsewhere(PoisonStage::kSyncDirectory,
                                           [&] { return sync_directory(*env_, directory_); });
}

}  // namespace millrace
