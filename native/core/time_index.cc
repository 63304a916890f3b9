#include "core/time_index.h"

#include <algorithm>

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

TimeIndex::Cells TimeIndex::cells_below(FileOffset end) const noexcept {
  if (end.bytes <= header_->data_offset) return {};
  return {1, std::min<std::size_t>(cell_of({end.bytes - 1}) + 1, header_->index_slots)};
}

// Records tend to be of one size in the long run, so numbers grow with offsets: looks a few cells
// in front of the one where the number would then be, and a few behind it.
TimeIndex::Cells TimeIndex::narrowed(Cells cells, Sequence sequence,
                                     FileOffset end) const noexcept {
  constexpr std::size_t kReach = 3;
  if (cells.high <= cells.low + 4 * kReach) return cells;
  const std::uint64_t delta = sequence.value - header_->base_sequence;
  const auto filled = [&](const IndexSlot& s) { return s.offset != 0 && s.offset < end.bytes; };
  const IndexSlot last = sane_slot(cells.high - 1);
  if (!filled(last)) return cells;
  if (last.sequence_delta <= delta) return {cells.high - 1, cells.high};
  const std::size_t guess = delta * (cells.high - 1) / last.sequence_delta;
  if (guess >= cells.low + kReach) {
    const IndexSlot before = sane_slot(guess - kReach);
    if (filled(before) && before.sequence_delta <= delta) cells.low = guess - kReach;
  }
  if (guess + kReach < cells.high) {
    const IndexSlot behind = sane_slot(guess + kReach);
    if (filled(behind) && behind.sequence_delta > delta) cells.high = guess + kReach;
  }
  return cells;
}

// Binary search over slots with holes: a middle that is empty gives way to the nearest slot on its
// left, so the halves stay ordered. Cell 0 stands for "from the start".
template <typename Precedes>
WalkStart TimeIndex::last_that(Precedes precedes, Cells cells, FileOffset end) const noexcept {
  WalkStart best{{header_->data_offset}};
  auto [low, high] = cells;
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
  if (sequence.value < base) return {{header_->data_offset}};
  return last_that([&](const IndexSlot& s) { return base + s.sequence_delta <= sequence.value; },
                   narrowed(cells_below(end), sequence, end), end);
}

WalkStart TimeIndex::before(ArrivalTime arrival, FileOffset end) const noexcept {
  return last_that([&](const IndexSlot& s) { return s.arrival_ms < arrival.ms; }, cells_below(end),
                   end);
}

WalkStart TimeIndex::at_or_below(FileOffset offset) const noexcept {
  const FileOffset end{offset.bytes + 1};
  return last_that([&](const IndexSlot& s) { return s.offset <= offset.bytes; }, cells_below(end),
                   end);
}

WalkStart TimeIndex::below(FileOffset offset) const noexcept {
  if (offset.bytes <= header_->data_offset) return {FileOffset{header_->data_offset}};
  return at_or_below({offset.bytes - 1});
}

}  // namespace millrace
