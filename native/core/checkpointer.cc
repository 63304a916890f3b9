#include "core/checkpointer.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>
#include <vector>

#include "core/file.h"
#include "core/guarded_copy.h"
#include "core/paths.h"
#include "core/sync_directory.h"
#include "core/system_error.h"

namespace millrace {

namespace {

// How many sequence numbers a checkpoint sets aside: more than a backlog of the smallest frames.
constexpr std::uint64_t kReserveAhead = std::uint64_t{1} << 26;

// A run that could not begin is made again after so long.
constexpr std::uint64_t kRetryMs = 1000;

const char* stage_name(PoisonStage stage) noexcept {
  switch (stage) {
    case PoisonStage::kNone:
      return "nothing";
    case PoisonStage::kWrite:
      return "a write";
    case PoisonStage::kSyncData:
      return "the sync of a segment";
    case PoisonStage::kSyncControl:
      return "the sync of the control page";
    case PoisonStage::kSyncDirectory:
      return "the sync of the folder";
    case PoisonStage::kStore:
      return "a store through the mapping";
  }
  return "an unknown stage";
}

}  // namespace

void Checkpointer::segment_started(std::string path, LogPosition base,
                                   std::shared_ptr<AppendWindow> window, bool fresh) {
  const std::lock_guard guard(list_);
  unsynced_.push_back({std::move(path), base, std::move(window)});
  folder_changed_ = folder_changed_ || fresh;
}

void Checkpointer::when_durable(LogPosition end, std::function<void()> task) {
  {
    const std::lock_guard guard(list_);
    if (end > durable()) {
      waiting_.push_back({end, std::move(task)});
      return;
    }
  }
  task();
}

Result<void> Checkpointer::run() {
  const std::lock_guard guard(running_);
  if (abandoned_) return {};
  if (poisoned()) return poison_error();
  return run_once();
}

Result<void> Checkpointer::reserve() {
  const std::lock_guard guard(running_);
  if (poisoned()) return poison_error();
  // Relaxed: the writer itself calls, and no byte hangs on the number.
  const Sequence next{published_next_.load(std::memory_order_relaxed)};
  if (Result<void> stored = store_reserve(next); !stored) return stored;
  Result<void> synced = sync_names();
  return synced ? synced : failed(PoisonStage::kSyncDirectory, synced.error());
}

// Whoever made the log's first files may have died before their names were on the disk; a durable
// mark says that somebody saw to them. The page's own, because one that recovery goes by may be
// that of a log that was never synced.
Result<void> Checkpointer::sync_names() {
  if (control_->page().durable.load(std::memory_order_relaxed) > 0) return {};
  Result<void> synced = sync_directory(*env_, directory_);
  return synced ? sync_directory(*env_, std::string(parent_path(directory_))) : synced;
}

void Checkpointer::abandon() {
  const std::lock_guard guard(running_);
  abandoned_ = true;
}

// A failure that poisons meets the next append.
void Checkpointer::run_soon(Background& background) {
  if (soon_.exchange(true, std::memory_order_acq_rel)) return;
  background.post(Background::Lane::kSync, [self = shared_from_this(), &background] {
    self->soon_.store(false, std::memory_order_release);
    if (!self->run()) self->retry(background);
  });
}

void Checkpointer::run_later(Background& background, std::uint64_t delay_ms) {
  // Relaxed first: on the hot path this is one load of a line that rarely changes.
  if (later_.load(std::memory_order_relaxed)) return;
  if (later_.exchange(true, std::memory_order_acq_rel)) return;
  // Weak: a log that is closed meanwhile lets go of its files at once.
  background.post_after(Background::Lane::kSync, delay_ms, [weak = weak_from_this(), &background] {
    const std::shared_ptr<Checkpointer> self = weak.lock();
    if (!self) return;
    self->later_.store(false, std::memory_order_release);
    if (!self->run()) self->retry(background);
  });
}

// Nobody may append again, and what there is has to become durable all the same.
void Checkpointer::retry(Background& background) {
  if (!poisoned()) run_later(background, kRetryMs);
}

Result<void> Checkpointer::failed(PoisonStage stage, const Error& cause) {
  if (!wants_descriptor(cause)) poison(stage, cause);
  return cause;
}

Result<void> Checkpointer::run_once() {
  // Acquire pairs with published(): the mark loaded next covers this number.
  const Sequence next{published_next_.load(std::memory_order_acquire)};
  // Acquire: every byte below the mark is in the page cache before the sync starts.
  const LogPosition target{control_->page().committed.load(std::memory_order_acquire)};
  const bool reserve_is_low = next.value + kReserveAhead / 2 > reserved().value;
  if (target == durable() && !reserve_is_low) {
    // The run before may have seen the mark of the last record and not yet its number.
    frames_durable(next);
    return {};
  }
  if (Result<void> synced = sync_segments(target); !synced) {
    return failed(PoisonStage::kSyncData, synced.error());
  }
  if (Result<void> synced = sync_folder(); !synced) {
    return failed(PoisonStage::kSyncDirectory, synced.error());
  }
  // A sync that was told of a failed write in place of those above has poisoned the log by then.
  elsewhere_.await();
  if (poisoned()) return poison_error();
  if (Result<void> stored = store_marks(target, next); !stored) return stored;
  run_waiting();
  return {};
}

void Checkpointer::run_waiting() {
  std::deque<Waiting> due;
  {
    const std::lock_guard guard(list_);
    while (!waiting_.empty() && waiting_.front().end <= durable()) {
      due.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }
  for (const Waiting& waiting : due) waiting.task();
}

FileOffset Checkpointer::offset_in(const Unsynced& segment, LogPosition at) noexcept {
  const AppendWindow& window = *segment.window;
  return {std::min(window.data_offset() + (at.bytes - segment.base.bytes), window.file_bytes())};
}

Result<void> Checkpointer::sync_segments(LogPosition target) {
  std::vector<Unsynced> due;
  {
    const std::lock_guard guard(list_);
    for (const Unsynced& segment : unsynced_) {
      if (segment.base <= target) due.push_back(segment);
    }
  }
  for (std::size_t i = 0; i < due.size(); ++i) {
    const Unsynced& segment = due[i];
    Result<File> file = File::open(*env_, segment.path, OpenMode::kReadWrite);
    // Trimmed and unlinked meanwhile: nothing of it has to survive.
    if (!file && file.error().code == Errc::kNotFound) continue;
    if (!file) return file.error();
    const LogPosition end = i + 1 < due.size() ? due[i + 1].base : target;
    Result<void> synced =
        segment.window ? segment.window->sync(*file, offset_in(segment, end)) : file->sync_data();
    if (!synced) return synced;
  }
  const std::lock_guard guard(list_);
  // A segment that another one follows at or below the target gets no more frames.
  while (unsynced_.size() > 1 && unsynced_[1].base <= target) unsynced_.pop_front();
  return {};
}

Result<void> Checkpointer::sync_folder() {
  {
    const std::lock_guard guard(list_);
    if (!std::exchange(folder_changed_, false)) return {};
  }
  Result<void> synced = sync_directory(*env_, directory_);
  if (!synced) {
    const std::lock_guard guard(list_);
    folder_changed_ = true;
  }
  return synced;
}

Result<void> Checkpointer::store_marks(LogPosition target, Sequence next) {
  // Relaxed: within this process the atomics below count; on disk the sync orders.
  Result<void> marked = control_->store_words([&]() noexcept {
    control_->raise_durable(target);
    control_->page().indexed.store(target.bytes, std::memory_order_relaxed);
  });
  if (!marked) return marked;
  if (Result<void> stored = store_reserve(next); !stored) return stored;
  durable_.store(target.bytes, std::memory_order_relaxed);
  frames_durable(next);
  return {};
}

// Commits and checkpoints overtake one another.
void Checkpointer::frames_durable(Sequence next) noexcept {
  std::uint64_t seen = durable_next_.load(std::memory_order_relaxed);  // as durable()
  while (seen < next.value &&
         !durable_next_.compare_exchange_weak(seen, next.value, std::memory_order_relaxed)) {}
}

// Writes the whole page, whatever else of it was stored before.
Result<void> Checkpointer::store_reserve(Sequence next) {
  const std::uint64_t reserved = next.value + kReserveAhead;
  // Relaxed: as in store_marks().
  Result<void> stored = control_->store_words([&]() noexcept {
    std::atomic<std::uint64_t>& mark = control_->page().reserved_sequence;
    mark.store(std::max(reserved, mark.load(std::memory_order_relaxed)), std::memory_order_relaxed);
  });
  if (!stored) return stored;
  if (Result<void> synced = sync_control(); !synced) return synced;
  reserved_.store(reserved, std::memory_order_relaxed);
  return {};
}

Result<void> Checkpointer::sync_control() {
  const std::lock_guard guard(control_sync_);
  if (poisoned()) return poison_error();
  Result<void> synced = control_->sync();
  return synced ? synced : failed(PoisonStage::kSyncControl, synced.error());
}

Result<void> Checkpointer::close() {
  {
    // A poison that comes meanwhile is not written over.
    const std::lock_guard guard(poisoning_);
    if (poisoned()) return poison_error();
    Result<void> stored = control_->store_words([&]() noexcept {
      control_->page().state.store(static_cast<std::uint32_t>(LogState::kClosed),
                                   std::memory_order_relaxed);
    });
    if (!stored) return stored;
  }
  return sync_control();
}

void Checkpointer::poison(PoisonStage stage, const Error& cause) noexcept {
  // The writer and its helpers may fail at the same time: what the page says is of one failure.
  const std::lock_guard guard(poisoning_);
  if (poisoned()) return;
  poison_stage_ = stage;
  poison_errno_ = cause.sys_errno;
  // On a device that fails, this may be the page that cannot be stored to any more. Then this
  // process alone knows; the next one finds out by itself (is_cache_suspect).
  (void)control_->store_words([&]() noexcept {
    ControlPage& page = control_->page();
    // Relaxed: this process goes by the release below; others come later.
    page.poison_errno.store(static_cast<std::uint32_t>(cause.sys_errno), std::memory_order_relaxed);
    page.poison_stage.store(static_cast<std::uint32_t>(stage), std::memory_order_relaxed);
    page.state.store(static_cast<std::uint32_t>(LogState::kPoisoned), std::memory_order_relaxed);
  });
  poisoned_.store(true, std::memory_order_release);
}

Error Checkpointer::poison_error() const {
  assert(poisoned());
  return Error{.code = Errc::kPoisoned,
               .sys_errno = poison_errno_,
               .message = directory_ + ": " + stage_name(poison_stage_) + " failed (" +
                          std::strerror(poison_errno_) + "); nothing more is written here"};
}

}  // namespace millrace
