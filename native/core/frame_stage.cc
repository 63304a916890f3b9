#include "core/frame_stage.h"

#include <algorithm>
#include <cassert>

#include "core/segment_header.h"

namespace millrace {

namespace {

// A log that seldom writes much gives larger buffers back.
constexpr std::uint64_t kKeptBytes = 256 * kKiB;

}  // namespace

void FrameStage::reserve(FileOffset tail, std::uint64_t bytes) {
  if (!begun_) {
    begun_ = true;
    start_ = tail;
  }
  const std::uint64_t used = tail.bytes - start_.bytes;
  if (bytes > capacity_ - used) {
    const std::uint64_t wanted =
        std::max(align_up<std::uint64_t>(used + bytes, kPageBytes), capacity_ * 2);
    auto larger = std::make_unique_for_overwrite<std::byte[]>(wanted);
    std::copy_n(frames_.get(), used, larger.get());
    frames_ = std::move(larger);
    capacity_ = wanted;
  }
  // Frames have at least their header, and each cell at most one slot.
  const std::size_t slots_max = static_cast<std::size_t>((used + bytes) / kGridBytes) + 2;
  if (slots_max > slot_capacity_) {
    auto larger = std::make_unique<IndexSlot[]>(slots_max * 2);
    std::copy_n(slots_.get(), slot_count_, larger.get());
    slots_ = std::move(larger);
    slot_capacity_ = slots_max * 2;
  }
}

void FrameStage::put_slot(std::size_t cell, const IndexSlot& slot) noexcept {
  if (slot_count_ == 0) first_cell_ = cell;
  assert(cell >= first_cell_ + slot_count_ && cell - first_cell_ < slot_capacity_);
  while (first_cell_ + slot_count_ < cell) slots_[slot_count_++] = IndexSlot{};
  slots_[slot_count_++] = slot;
}

void FrameStage::clear() noexcept {
  begun_ = false;
  slot_count_ = 0;
  if (capacity_ <= kKeptBytes) return;
  frames_.reset();
  slots_.reset();
  capacity_ = 0;
  slot_capacity_ = 0;
}

}  // namespace millrace
