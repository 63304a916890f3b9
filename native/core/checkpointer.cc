#include "core/checkpointer.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "core/file.h"

namespace millrace {

namespace {

// How many sequence numbers a checkpoint sets aside: more than a backlog of the smallest frames.
constexpr std::uint64_t kReserveAhead = std::uint64_t{1} << 26;

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
  Result<void> stored = store_reserve(next);
  if (!stored) poison(PoisonStage::kSyncControl, stored.error());
  return stored;
}

void Checkpointer::abandon() {
  const std::lock_guard guard(running_);
  abandoned_ = true;
}

// A failure stays in the control page and meets the next append.
void Checkpointer::run_soon(Background& background) {
  if (soon_.exchange(true, std::memory_order_acq_rel)) return;
  background.post(Background::Lane::kSync, [self = shared_from_this()] {
    self->soon_.store(false, std::memory_order_release);
    (void)self->run();
  });
}

void Checkpointer::run_later(Background& background, std::uint64_t delay_ms) {
  // Relaxed first: on the hot path this is one load of a line that rarely changes.
  if (later_.load(std::memory_order_relaxed)) return;
  if (later_.exchange(true, std::memory_order_acq_rel)) return;
  background.post_after(Background::Lane::kSync, delay_ms, [self = shared_from_this()] {
    self->later_.store(false, std::memory_order_release);
    (void)self->run();
  });
}

Result<void> Checkpointer::run_once() {
  // Acquire pairs with published(): the mark loaded next covers this number.
  const Sequence next{published_next_.load(std::memory_order_acquire)};
  // Acquire: every byte below the mark is in the page cache before the sync starts.
  const LogPosition target{control_->page().committed.load(std::memory_order_acquire)};
  const bool reserve_is_low = next.value + kReserveAhead / 2 > reserved().value;
  if (target == durable() && !reserve_is_low) return {};
  if (Result<void> synced = sync_segments(target); !synced) {
    poison(PoisonStage::kSyncData, synced.error());
    return synced;
  }
  if (Result<void> synced = sync_folder(); !synced) {
    poison(PoisonStage::kSyncDirectory, synced.error());
    return synced;
  }
  if (Result<void> stored = store_marks(target, next); !stored) {
    poison(PoisonStage::kSyncControl, stored.error());
    return stored;
  }
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
  return env_->sync_directory(directory_);
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
  if (Result<void> synced = control_->sync(); !synced) return synced;
  reserved_.store(reserved, std::memory_order_relaxed);
  return {};
}

void Checkpointer::poison(PoisonStage stage, const Error& cause) noexcept {
  // The writer and its helpers may fail at the same time: what the page says is of one failure.
  const std::lock_guard guard(poisoning_);
  if (poisoned()) return;
  poison_errno_ = cause.sys_errno;
  poison_stage_ = stage;
  // A page that the device refuses says nothing then: this writer knows all the same, and the next
  // one finds what the disk has.
  (void)control_->store_words([&]() noexcept {
    ControlPage& page = control_->page();
    // Relaxed: the release below publishes all three.
    page.poison_errno.store(static_cast<std::uint32_t>(cause.sys_errno), std::memory_order_relaxed);
    page.poison_stage.store(static_cast<std::uint32_t>(stage), std::memory_order_relaxed);
    page.state.store(static_cast<std::uint32_t>(LogState::kPoisoned), std::memory_order_relaxed);
  });
  poisoned_.store(true, std::memory_order_release);
}

Error Checkpointer::poison_error() const {
  return Error{.code = Errc::kPoisoned,
               .sys_errno = poison_errno_,
               .message = directory_ + ": " + stage_name(poison_stage_) + " failed (" +
                          std::strerror(poison_errno_) + "); nothing more is written here"};
}

}  // namespace millrace
