#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"
#include "core/segment_header.h"
#include "core/units.h"

namespace millrace {

// One entry of a segment's index: the first frame that starts in cell i of the data, cells being
// kGridBytes long. Slot 0 is never written: the first frame of a segment starts at its data offset.
// A slot of zeros says that no frame starts in its cell.
struct IndexSlot {
  std::uint32_t offset;          // file offset of the frame, 0 for none
  std::uint32_t sequence_delta;  // its sequence number less the segment's base
  std::int64_t arrival_ms;
};
static_assert(sizeof(IndexSlot) == 16);

// Which cell's slot a summary repeats as its `entry`-th.
[[nodiscard]] constexpr std::size_t summary_cell(std::size_t entry,
                                                 const SegmentHeader& header) noexcept {
  return std::uint64_t{entry} * header.index_slots / kSummarySlots;
}

// A place from which walking frames forward leads to what was sought.
struct WalkStart {
  FileOffset at;
};

// Reads the index of one segment. Borrows the header and `segment`, the whole mapped file, and
// trusts nothing that it reads there: a slot that makes no sense counts as absent, which only makes
// the walk longer.
class TimeIndex {
 public:
  TimeIndex(Bytes segment, const SegmentHeader& header) noexcept
      : segment_(segment), header_(&header) {}

  // The last indexed frame at or below `sequence`, below file offset `end`.
  [[nodiscard]] WalkStart before(Sequence sequence, FileOffset end) const noexcept;
  // The last indexed frame that arrived before `arrival`, below file offset `end`.
  [[nodiscard]] WalkStart before(ArrivalTime arrival, FileOffset end) const noexcept;
  // The last indexed frame that starts at or below `offset`.
  [[nodiscard]] WalkStart at_or_below(FileOffset offset) const noexcept;

  // The last indexed frame that starts below `offset`; the first frame of all, if `offset` is its.
  // A walk from there to `offset` knows what the frame at `offset` has to follow, though that one
  // may have a slot and be missing.
  [[nodiscard]] WalkStart below(FileOffset offset) const noexcept;

  [[nodiscard]] IndexSlot slot(std::size_t cell) const noexcept;
  // Zeros when the slot's offset does not lie in its own cell.
  [[nodiscard]] IndexSlot sane_slot(std::size_t cell) const noexcept;
  [[nodiscard]] std::size_t cell_of(FileOffset at) const noexcept {
    return (at.bytes - header_->data_offset) / kGridBytes;
  }

 private:
  // Cells from `low` to below `high`.
  struct Cells {
    std::size_t low = 1;
    std::size_t high = 1;
  };
  // Those whose frames may start below `end`, but for cell 0.
  [[nodiscard]] Cells cells_below(FileOffset end) const noexcept;
  // Fewer of them that still hold the last slot at or below `sequence`, or none such.
  [[nodiscard]] Cells narrowed(Cells cells, Sequence sequence, FileOffset end) const noexcept;
  template <typename Precedes>
  [[nodiscard]] WalkStart last_that(Precedes precedes, Cells cells, FileOffset end) const noexcept;

  Bytes segment_;
  const SegmentHeader* header_;
};

}  // namespace millrace
