#include "core/segment_walk.h"

#include <algorithm>
#include <utility>

namespace millrace {

namespace {

const char* fault_text(FrameFault fault) noexcept {
  switch (fault) {
    case FrameFault::kNone:
      break;
    case FrameFault::kNeverWritten:
      return "zeros where a frame should begin";
    case FrameFault::kLength:
      return "a frame whose length makes no sense";
    case FrameFault::kHeader:
      return "a frame whose header makes no sense";
    case FrameFault::kChecksum:
      return "a frame whose checksum differs";
  }
  return "no frame";
}

class Walker {
 public:
  Walker(ChunkReader& reader, const SegmentHead& head, const SegmentTerms& terms,
         const TimeIndex& index, const std::string& file, Findings& findings)
      : reader_(reader),
        head_(head),
        header_(head.segment.header),
        terms_(terms),
        index_(index),
        file_(file),
        findings_(findings),
        seed_(seed_of(header_)),
        at_{header_.data_offset},
        limit_(terms.end.value_or(FileOffset{header_.file_bytes})) {
    walk_.order = {{header_.base_sequence}, {header_.previous_arrival_ms}, 0};
    walk_.frames.last_sequence = {header_.previous_sequence};
    walk_.frames.last_arrival = {header_.previous_arrival_ms};
    walk_.slots.resize(header_.index_slots);
    walk_.unknown_slots.resize(header_.index_slots);
    if (head_.epochs_sound) find_writers();
  }

  SegmentWalk run() {
    for (meet_places(); at_ < limit_; meet_places()) {
      Result<SeenFrame> seen = see_frame(reader_, seed_, at_, limit_);
      std::string wrong = seen ? judge(*seen) : "cannot be read: " + seen.error().message;
      if (wrong.empty()) {
        take(*seen);
        continue;
      }
      if (!seen) findings_.note_failure(seen.error());
      if (at_ >= terms_.promised) break;
      findings_.damage(file_, at_.bytes, std::move(wrong));
      if (!go_on_behind_damage(!seen)) break;
    }
    walk_.frames.end = at_;
    if (terms_.end && walk_.whole && !writers_.empty()) blame_writer();
    return std::move(walk_);
  }

 private:
  // Listed writers whose frames were not cut off again; the last one's place is on top.
  void find_writers() {
    for (std::size_t i = 0; i < head_.epochs.size(); ++i) {
      while (!writers_.empty() && head_.epochs[writers_.back()].offset >= head_.epochs[i].offset) {
        writers_.pop_back();
      }
      writers_.push_back(i);
    }
    std::ranges::reverse(writers_);
  }

  // Here a frame begins, or the last one ends: where a mark and a writer's beginning may lie.
  void meet_places() {
    for (std::size_t i = 0; i < terms_.marks.size(); ++i) {
      if (terms_.marks[i] == at_) walk_.marks_met[i] = true;
    }
    while (!writers_.empty() && head_.epochs[writers_.back()].offset <= at_.bytes) {
      if (walk_.whole && head_.epochs[writers_.back()].offset < at_.bytes) blame_writer();
      writers_.pop_back();
    }
  }

  void blame_writer() {
    findings_.damage(file_, kEpochsOffset + writers_.back() * sizeof(EpochStart),
                     "a writer is listed that began where no frame begins");
  }

  // What is wrong with a frame where this one is; empty when nothing is.
  [[nodiscard]] std::string judge(const SeenFrame& seen) const {
    const FrameHeader& header = seen.check.frame.header;
    if (seen.check.fault != FrameFault::kNone) return fault_text(seen.check.fault);
    if (is_typed(header, FrameType::kPad)) return "the mark of the segment's end, among its frames";
    if (walk_.shard_end) return "a frame behind the end of the shard";
    if (header.sequence != walk_.order.next.value &&
        (in_order_ || header.sequence < walk_.order.next.value)) {
      return "sequence number " + std::to_string(header.sequence) + " where " +
             std::to_string(walk_.order.next.value) + " should follow";
    }
    if (header.sequence - header_.base_sequence >= kSegmentSequenceSpan) {
      return "a sequence number that the segment's index cannot hold";
    }
    if (header.arrival_ms < walk_.order.arrival.ms) {
      return "a frame that arrived before the one before it";
    }
    const bool first = walk_.frames.end.bytes == 0;
    // Above what was promised the list may lack who is there, and the next writer mends it.
    const bool listed = head_.epochs_sound && (at_ < terms_.promised || terms_.end);
    const bool right_writer =
        listed ? header.epoch == static_cast<std::uint16_t>(epoch_at(head_.epochs, at_))
               : first || epoch_follows(walk_.order.epoch, header.epoch);
    return right_writer ? "" : "a frame of a writer that was not there";
  }

  void take(const SeenFrame& seen) {
    const FrameView& frame = seen.check.frame;
    const FrameHeader& header = frame.header;
    check_paddings(seen);
    note_slot(header);
    FramesReport& frames = walk_.frames;
    Sequence last{header.sequence};
    if (is_typed(header, FrameType::kData)) {
      if (!walk_.first_arrival) walk_.first_arrival = {header.arrival_ms};
      ++frames.records;
      frames.key_bytes += header.key_bytes;
      frames.payload_bytes += frame.payload_bytes;
    } else if (is_typed(header, FrameType::kGap)) {
      ++frames.gaps;
      last = gap_end(seen.frame.data(), frame);
    } else {
      walk_.shard_end = true;
    }
    frames.last_sequence = last;
    frames.last_arrival = {header.arrival_ms};
    walk_.order = {{last.value + 1}, {header.arrival_ms}, header.epoch};
    in_order_ = true;
    at_.bytes += frame_stride(header.length);
    frames.end = at_;
  }

  // Key and payload start at multiples of 8, with zeros in front and behind.
  void check_paddings(const SeenFrame& seen) {
    const FrameView& frame = seen.check.frame;
    const std::size_t key_end =
        frame.hash_key_at() + (frame.has_hash_key() ? kHashKeyBytes : std::size_t{0});
    const std::array<std::array<std::size_t, 2>, 2> paddings{
        {{key_end, frame.payload_at}, {frame.header.length, seen.frame.size()}}};
    for (const auto& [from, to] : paddings) {
      const std::size_t odd = first_non_zero(seen.frame.subspan(from, to - from));
      if (odd == to - from) continue;
      findings_.damage(file_, at_.bytes + from + odd, "padding inside a frame is not zero");
    }
  }

  void note_slot(const FrameHeader& header) {
    const std::size_t cell = index_.cell_of(at_);
    if (cell == 0 || walk_.slots[cell].offset != 0) return;
    walk_.slots[cell] = {
        .offset = static_cast<std::uint32_t>(at_.bytes),
        .sequence_delta = static_cast<std::uint32_t>(header.sequence - header_.base_sequence),
        .arrival_ms = header.arrival_ms};
  }

  // Moves to the next frame that the index names and that is whole. False when there is none.
  bool go_on_behind_damage(bool unreadable) {
    constexpr std::uint64_t kUnreadableStep = 1 * kMiB;
    walk_.whole = false;
    const FileOffset from = at_;
    FileOffset behind{at_.bytes + (unreadable ? kUnreadableStep : 1)};
    std::size_t cell = index_.cell_of(from);
    for (; cell < header_.index_slots; ++cell) {
      if (walk_.slots[cell].offset == 0) walk_.unknown_slots[cell] = true;
      const IndexSlot slot = index_.sane_slot(cell);
      if (slot.offset < behind.bytes || slot.offset >= limit_.bytes) continue;
      const FileOffset candidate{slot.offset};
      Result<SeenFrame> seen = see_frame(reader_, seed_, candidate, limit_);
      if (!seen && seen.error().code == Errc::kClosed) return false;  // the scan was stopped
      if (!seen) behind.bytes = candidate.bytes + kUnreadableStep;
      if (!seen || seen->check.fault != FrameFault::kNone) continue;
      at_ = candidate;
      in_order_ = false;
      return true;
    }
    return false;
  }

  ChunkReader& reader_;
  const SegmentHead& head_;
  const SegmentHeader& header_;
  const SegmentTerms& terms_;
  const TimeIndex& index_;
  const std::string& file_;
  Findings& findings_;
  const FrameSeed seed_;
  FileOffset at_;
  const FileOffset limit_;
  std::vector<std::size_t> writers_;  // in the list, those still to come
  bool in_order_ = true;  // false: numbers are missing before this frame, hidden by damage
  SegmentWalk walk_;
};

}  // namespace

Result<SeenFrame> see_frame(ChunkReader& reader, FrameSeed seed, FileOffset at, FileOffset limit) {
  const std::uint64_t left = limit.bytes - at.bytes;
  Result<Bytes> bytes = reader.from(at, std::min<std::uint64_t>(left, kFrameHeaderBytes));
  if (!bytes) return bytes.error();
  if (bytes->size() >= kFrameHeaderBytes && left >= kFrameHeaderBytes) {
    const std::uint32_t length = load<FrameHeader>(bytes->data()).length;
    const std::uint64_t stride = frame_stride(length);
    if (length <= kFrameLengthMax && stride <= left) {
      bytes = reader.from(at, stride);
      if (!bytes) return bytes.error();
    }
  }
  const Bytes there = bytes->first(std::min<std::uint64_t>(left, bytes->size()));
  SeenFrame seen{check_frame(there, seed), there};
  if (seen.check.fault != FrameFault::kNone) return seen;
  const std::uint64_t stride = frame_stride(seen.check.frame.header.length);
  if (stride > there.size()) {
    seen.check.fault = FrameFault::kLength;
  } else {
    seen.frame = there.first(stride);
  }
  return seen;
}

SegmentWalk walk_segment(ChunkReader& reader, const SegmentHead& head, const SegmentTerms& terms,
                         const TimeIndex& index, const std::string& file, Findings& findings) {
  return Walker(reader, head, terms, index, file, findings).run();
}

}  // namespace millrace
