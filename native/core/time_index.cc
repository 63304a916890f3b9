#include "core/time_index.h"

namespace millrace {

IndexSlot TimeIndex::slot(std::size_t cell) const noexcept {
  return load<IndexSlot>(segment_.data() + kIndexOffset + cell * sizeof(IndexSlot));
}

IndexSlot TimeIndex::sane_slot(std::size_t cell) const noexcept {
  const IndexSlot found = slot(cell);
  const std::uint64_t cell_start = header_->data_offset + std::uint64_t{cell} * kGridBytes;
  const bool inside = found.offset >= cell_start && found.offset - cell_start < kGridBytes;
  return inside && found.offset % kFrameAlignment == 0 ? found : IndexSlot{};
}

// Binary search over slots with holes: a middle that is empty gives way to the nearest slot on its
// left, so the halves stay ordered. Cell 0 stands for "from the start".
template <typename Precedes>
WalkStart TimeIndex::last_that(Precedes precedes, FileOffset end) const noexcept {
  const WalkStart start{{header_->data_offset}};
  if (end.bytes <= header_->data_offset) return start;
  WalkStart best = start;
  std::size_t low = 1;
  std::size_t high = cell_of({end.bytes - 1}) + 1;
  if (high > header_->index_slots) high = header_->index_slots;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    std::size_t filled = middle;
    IndexSlot found = sane_slot(filled);
    while (found.offset == 0 && filled > low) found = sane_slot(--filled);
    if (found.offset == 0) {
      low = middle + 1;  // nothing starts in [low, middle]
    } else if (found.offset < end.bytes && precedes(found)) {
      best = {{found.offset}};
      low = middle + 1;
    } else {
      high = filled;
    }
  }
  return best;
}

WalkStart TimeIndex::before(Sequence sequence, FileOffset end) const noexcept {
  const std::uint64_t base = header_->base_sequence;
  return last_that([&](const IndexSlot& s) { return base + s.sequence_delta <= sequence.value; },
                   end);
}

WalkStart TimeIndex::before(ArrivalTime arrival, FileOffset end) const noexcept {
  return last_that([&](const IndexSlot& s) { return s.arrival_ms < arrival.ms; }, end);
}

WalkStart TimeIndex::at_or_below(FileOffset offset) const noexcept {
  return last_that([&](const IndexSlot& s) { return s.offset <= offset.bytes; },
                   {offset.bytes + 1});
}

}  // namespace millrace
