#include "core/tail_scan.h"

#include "core/time_index.h"

namespace millrace {

namespace {

// The order behind `frame`, or nullopt when it does not follow `before`.
std::optional<FrameOrder> advance(const std::optional<FrameOrder>& before, const FrameView& frame,
                                  const std::byte* at) noexcept {
  const FrameHeader& header = frame.header;
  if (before) {
    if (header.sequence != before->next.value) return std::nullopt;
    if (header.arrival_ms < before->arrival.ms) return std::nullopt;
    if (!epoch_follows(before->epoch, header.epoch)) return std::nullopt;
  }
  const bool gap = header.type == static_cast<std::uint8_t>(FrameType::kGap);
  const std::uint64_t last = gap ? gap_end(at, frame).value : header.sequence;
  return FrameOrder{{last + 1}, {header.arrival_ms}, header.epoch};
}

}  // namespace

FrameOrder opening_order(Bytes segment, const SegmentHeader& header) noexcept {
  const FrameCheck first =
      check_frame(segment.subspan(header.data_offset), seed_of(header), /*verify=*/false);
  return {{header.base_sequence}, {header.previous_arrival_ms}, first.frame.header.epoch};
}

TailScan scan_frames(Bytes segment, const SegmentHeader& header, FileOffset from, FileOffset limit,
                     std::optional<FrameOrder> order) noexcept {
  TailScan scan;
  scan.end = from;
  if (order) scan.order = *order;
  const FrameSeed seed = seed_of(header);
  while (scan.end < limit) {
    const Bytes rest = segment.subspan(scan.end.bytes, limit.bytes - scan.end.bytes);
    const FrameCheck check = check_frame(rest, seed);
    if (check.fault == FrameFault::kNeverWritten) {
      scan.stop = ScanStop::kNeverWritten;
      return scan;
    }
    if (check.fault != FrameFault::kNone) {
      scan.stop = ScanStop::kBadFrame;
      scan.fault = check.fault;
      return scan;
    }
    if (check.frame.header.type == static_cast<std::uint8_t>(FrameType::kPad)) {
      scan.stop = ScanStop::kPad;
      return scan;
    }
    const std::optional<FrameOrder> behind = advance(order, check.frame, rest.data());
    const std::uint64_t stride = frame_stride(check.frame.header.length);
    if (!behind || stride > rest.size()) {
      scan.stop = ScanStop::kBadOrder;
      return scan;
    }
    order = behind;
    scan.order = *behind;
    scan.end.bytes += stride;
    if (check.frame.header.type == static_cast<std::uint8_t>(FrameType::kData)) {
      if (scan.records == 0) scan.first_arrival = {check.frame.header.arrival_ms};
      ++scan.records;
      scan.payload_bytes += check.frame.payload_bytes;
    }
    if (check.frame.header.type == static_cast<std::uint8_t>(FrameType::kShardEnd)) {
      scan.stop = ScanStop::kShardEnd;
      return scan;
    }
  }
  return scan;
}

std::uint64_t count_frames_behind(Bytes segment, const SegmentHeader& header,
                                  FileOffset from) noexcept {
  const TimeIndex index(segment, header);
  const FileOffset end{header.file_bytes};
  if (from >= end) return 0;
  std::uint64_t frames = 0;
  FileOffset at = from;
  for (std::size_t cell = index.cell_of(from); cell < header.index_slots; ++cell) {
    const IndexSlot slot = index.sane_slot(cell);
    if (slot.offset < at.bytes) continue;  // empty, or already walked past
    const TailScan scan = scan_frames(segment, header, {slot.offset}, end, std::nullopt);
    frames += scan.records;
    at = scan.end;
  }
  return frames;
}

}  // namespace millrace
