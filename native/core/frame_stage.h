#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/bytes.h"
#include "core/time_index.h"
#include "core/units.h"

namespace millrace {

// Frames, and the index slots that belong to them, on their way to a segment that is written by
// calls and not through a mapping: consecutive bytes of one segment, which reach the file together.
// One thread at a time.
class FrameStage {
 public:
  // Makes room for `bytes` behind `tail`, where the next frame of the segment goes. What is staged
  // stays; addresses handed out before do not.
  void reserve(FileOffset tail, std::uint64_t bytes);

  // Where the frame at this place of the segment is built; reserve() made room for it.
  [[nodiscard]] std::byte* frame_at(FileOffset at) noexcept {
    return frames_.get() + (at.bytes - start_.bytes);
  }
  // A slot of the index; cells that were passed over get empty ones.
  void put_slot(std::size_t cell, const IndexSlot& slot) noexcept;

  // Everything up to `tail` is staged.
  [[nodiscard]] bool empty(FileOffset tail) const noexcept { return !begun_ || tail == start_; }
  [[nodiscard]] FileOffset start() const noexcept { return start_; }
  [[nodiscard]] Bytes frames(FileOffset tail) const noexcept {
    return {frames_.get(), static_cast<std::size_t>(tail.bytes - start_.bytes)};
  }
  [[nodiscard]] FileOffset slots_at() const noexcept {
    return {kIndexOffset + first_cell_ * sizeof(IndexSlot)};
  }
  [[nodiscard]] Bytes slots() const noexcept {
    return {reinterpret_cast<const std::byte*>(slots_.get()), slot_count_ * sizeof(IndexSlot)};
  }

  // What was staged has reached the file, or never will.
  void clear() noexcept;

 private:
  bool begun_ = false;
  FileOffset start_;
  std::unique_ptr<std::byte[]> frames_;
  std::uint64_t capacity_ = 0;
  std::size_t first_cell_ = 0;
  std::size_t slot_count_ = 0;
  std::size_t slot_capacity_ = 0;
  std::unique_ptr<IndexSlot[]> slots_;
};

}  // namespace millrace
