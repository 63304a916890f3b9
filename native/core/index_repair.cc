#include "core/index_repair.h"

#include <algorithm>
#include <vector>

#include "core/file.h"
#include "core/guarded_copy.h"
#include "core/time_index.h"

namespace millrace {

namespace {

// Fills `slots`, whose first is that of cell `first`, from the frames in [at, end). The place came
// from a slot that nothing vouches for: if it leads astray, no byte outside of the range is read.
// Cell 0 has no slot. Answers `end`, or where a promised frame is damaged that nobody has looked
// at.
FileOffset index_frames(const Segment& segment, Bytes bytes, FileOffset at, FileOffset end,
                        std::size_t first, std::vector<IndexSlot>& slots) noexcept {
  const SegmentHeader& header = segment.header;
  while (at < end && end.bytes - at.bytes >= kFrameHeaderBytes) {
    const auto frame = load<FrameHeader>(bytes.data() + at.bytes);
    const bool fits = frame.length >= kFrameHeaderBytes && frame.length <= kFrameLengthMax &&
                      frame_stride(frame.length) <= end.bytes - at.bytes;
    if (!fits) return at;
    const std::size_t cell = (at.bytes - header.data_offset) / kGridBytes;
    if (cell > 0 && cell >= first && slots[cell - first].offset == 0) {
      slots[cell - first] = {
          .offset = static_cast<std::uint32_t>(at.bytes),
          .sequence_delta = static_cast<std::uint32_t>(frame.sequence - header.base_sequence),
          .arrival_ms = frame.arrival_ms};
    }
    at.bytes += frame_stride(frame.length);
  }
  return end;
}

}  // namespace

Result<void> repair_index(Env& env, const Segment& segment, Bytes bytes, FileOffset from,
                          FileOffset end, IndexRepair how) {
  const SegmentHeader& header = segment.header;
  if (from.bytes >= header.file_bytes) return {};
  const TimeIndex index(bytes, header);
  // The cell of `from` may have been begun below it.
  const std::size_t first = index.cell_of(from);
  const std::size_t index_at = kIndexOffset + first * sizeof(IndexSlot);
  std::vector<IndexSlot> wanted((header.data_offset - index_at) / sizeof(IndexSlot));
  const Bytes wanted_bytes = std::as_bytes(std::span(wanted));
  bool same = false;
  const bool read = guarded([&]() noexcept {
    const std::uint64_t cell_start = header.data_offset + std::uint64_t{first} * kGridBytes;
    const FileOffset start = index.at_or_below({std::min(from.bytes, cell_start)}).at;
    const FileOffset damage = index_frames(segment, bytes, start, end, first, wanted);
    // Slots lead past damage: without them nobody would find what lies behind it.
    for (std::size_t cell = index.cell_of(damage); damage < end && cell < header.index_slots;
         ++cell) {
      if (cell >= first && wanted[cell - first].offset == 0)
        wanted[cell - first] = index.slot(cell);
    }
    same = std::ranges::equal(wanted_bytes, bytes.subspan(index_at, wanted_bytes.size()));
  });
  if (!read) return Error{.code = Errc::kIo, .message = segment.path + ": unreadable page"};
  if (same && how == IndexRepair::kDifferences) return {};
  Result<File> file = File::open(env, segment.path, OpenMode::kReadWrite);
  if (!file) return file.error();
  return file->write_all(wanted_bytes, FileOffset{index_at});
}

}  // namespace millrace
