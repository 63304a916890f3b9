#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/append_window.h"
#include "core/frame.h"
#include "core/frame_stage.h"
#include "core/result.h"
#include "core/segment_header.h"
#include "core/segment_list.h"
#include "core/units.h"

namespace millrace {

// Builds frames at the end of one segment, and keeps the index: in the segment's window, or, given
// a stage, there, for its owner to write. Publishes nothing: what it wrote counts once its owner
// moves the commit mark. Writer's thread only.
class SegmentWriter {
 public:
  // A new segment in `window`, whose file is at `temporary`: writes the header and gives the file
  // its name. Nothing is synced.
  static Result<SegmentWriter> begin(Env& env, const std::string& directory,
                                     std::shared_ptr<AppendWindow> window,
                                     const std::string& temporary, const SegmentPlan& plan,
                                     std::uint64_t epoch, FrameStage* stage);
  // Goes on behind `tail` in a segment that an earlier writer left. kTooLarge: its list of writers
  // is full, begin a new segment.
  static Result<SegmentWriter> resume(Env& env, const Segment& segment, FileOffset tail,
                                      std::uint64_t epoch, FrameStage* stage);

  [[nodiscard]] const Segment& segment() const noexcept { return segment_; }
  [[nodiscard]] FileOffset tail() const noexcept { return tail_; }
  [[nodiscard]] LogPosition position() const noexcept { return segment_.position_of(tail_); }
  [[nodiscard]] const std::shared_ptr<AppendWindow>& window() const noexcept { return window_; }
  [[nodiscard]] bool is_sealed() const noexcept;
  // Bytes of frames that still fit, leaving room for the pad frame.
  [[nodiscard]] std::uint64_t room() const noexcept;
  // Whether a frame with this sequence number can be indexed here.
  [[nodiscard]] bool spans(Sequence sequence) const noexcept {
    return sequence.value - segment_.header.base_sequence < kSegmentSequenceSpan;
  }

  // Makes the next `bytes` safe to store to.
  Result<void> ensure(std::uint64_t bytes) {
    if (stage_ == nullptr) return window_->ensure({tail_.bytes + bytes});
    stage_->reserve(tail_, bytes);
    return {};
  }
  // Writes one frame at the tail; the caller has ensured its stride. May run guarded.
  void add(const FrameContent& content, const FrameStamp& stamp) noexcept;
  // Probably a frame of this stride follows: fetches the memory that it will lie in. The next store
  // to shared memory waits for every store before it, so it is these misses that a single append
  // would wait for.
  void expect_another(std::uint64_t stride) const noexcept;
  // Tells observers what was stored since `from`.
  void stored_since(FileOffset from) const noexcept;
  // Forgets frames behind `tail`: a store was cut short.
  void back_to(FileOffset tail) noexcept { tail_ = tail; }
  // Marks the end of a segment that another one follows, if there is room: how many bytes behind
  // the tail. With a stage they are staged only.
  std::size_t pad(const FrameStamp& stamp) noexcept;

 private:
  SegmentWriter(Segment segment, std::shared_ptr<AppendWindow> window, FileOffset tail,
                FrameStage* stage) noexcept;
  [[nodiscard]] std::byte* frame_at(FileOffset at) const noexcept {
    return stage_ == nullptr ? window_->base() + at.bytes : stage_->frame_at(at);
  }
  [[nodiscard]] std::size_t last_indexed_cell() const noexcept;
  void add_slot(FileOffset at, const FrameStamp& stamp) noexcept;
  Result<void> note_epoch(std::uint64_t epoch);

  Segment segment_;
  std::shared_ptr<AppendWindow> window_;
  FrameStage* stage_;  // of the owner, which outlives this; null: through the window
  FrameSeed seed_;
  FileOffset tail_;
  std::size_t last_cell_;  // the last cell whose slot is not to be stored any more
};

}  // namespace millrace
