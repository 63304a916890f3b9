#include "core/next_segment.h"

#include <algorithm>
#include <utility>

#include "core/paths.h"

namespace millrace {

// A full disk may have room for a smaller segment.
Result<std::shared_ptr<AppendWindow>> NextSegment::create(const std::string& path,
                                                          std::uint64_t data_bytes,
                                                          std::uint64_t data_bytes_min) const {
  const std::uint64_t least = std::min(std::max(data_bytes_min, kSegmentDataMin), data_bytes);
  for (std::uint64_t bytes = data_bytes;; bytes = std::max(bytes / 4, least)) {
    Result<std::shared_ptr<AppendWindow>> window =
        AppendWindow::create(env_, path, align_up<std::uint64_t>(bytes, kGridBytes), fill_);
    if (window || window.error().code != Errc::kNoSpace || bytes == least) return window;
  }
}

NextSegment::NextSegment(Env& env, const std::string& directory, SegmentFill fill)
    : env_(env),
      fill_(fill),
      prepared_path_(join_path(directory, "next.tmp")),
      urgent_path_(join_path(directory, "roll.tmp")) {}

void NextSegment::prepare(Background& background, std::uint64_t data_bytes) {
  {
    const std::lock_guard guard(mutex_);
    if (state_ != State::kNone) return;
    state_ = State::kRunning;
  }
  background.post(Background::Lane::kPages, [self = shared_from_this(), &background, data_bytes] {
    // A full disk is met again, and reported, by the roll itself.
    Result<std::shared_ptr<AppendWindow>> window =
        self->create(self->prepared_path_, data_bytes, kSegmentDataMin);
    const std::lock_guard guard(self->mutex_);
    self->state_ = window ? State::kReady : State::kNone;
    self->idle_.notify_all();
    if (!window) return;
    self->window_ = std::move(*window);
    if (self->fill_ == SegmentFill::kZeros) return;  // written to by calls, not through it
    // The writer will come at the speed at which it filled half a segment.
    const std::uint64_t ahead = std::min(kWindowAheadBytes, data_bytes / 4);
    self->window_->keep_ahead(background, FileOffset{self->window_->data_offset()}, ahead);
  });
}

Result<NextSegment::Taken> NextSegment::take(std::uint64_t data_bytes,
                                             std::uint64_t data_bytes_min) {
  {
    const std::lock_guard guard(mutex_);
    if (state_ == State::kReady) {
      state_ = State::kNone;
      Taken taken{std::exchange(window_, nullptr), prepared_path_};
      if (taken.window->file_bytes() - taken.window->data_offset() >= data_bytes_min) return taken;
      if (Result<void> removed = env_.unlink(prepared_path_); !removed) return removed.error();
    }
  }
  Result<std::shared_ptr<AppendWindow>> window = create(urgent_path_, data_bytes, data_bytes_min);
  if (!window) return window.error();
  return Taken{std::move(*window), urgent_path_};
}

void NextSegment::settle() {
  std::unique_lock guard(mutex_);
  idle_.wait(guard, [this] { return state_ != State::kRunning; });
}

void NextSegment::discard() {
  settle();  // and nobody prepares another one meanwhile
  const std::lock_guard guard(mutex_);
  if (state_ != State::kReady) return;
  state_ = State::kNone;
  window_.reset();
  (void)env_.unlink(prepared_path_);
}

}  // namespace millrace
