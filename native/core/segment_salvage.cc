#include "core/segment_salvage.h"

#include <utility>

#include "core/frame.h"
#include "core/segment_head.h"
#include "core/segment_walk.h"

namespace millrace {

namespace {

class Salvager {
 public:
  Salvager(ChunkReader& reader, const SalvageTerms& terms)
      : reader_(reader),
        terms_(terms),
        header_(*terms.header),
        seed_(seed_of(header_)),
        at_{header_.data_offset} {
    salvage_.order = {{header_.base_sequence}, {header_.previous_arrival_ms}, 0};
    salvage_.writers = terms.writers;
  }

  Result<Salvage> run() {
    for (meet_mark(); at_ < terms_.limit && !salvage_.shard_end; meet_mark()) {
      Result<SeenFrame> seen = see_frame(reader_, seed_, at_, terms_.limit);
      if (!seen) return seen.error();
      if (is_next(seen->check.frame.header) && is_provable(*seen, at_)) {
        take(*seen);
        continue;
      }
      Result<bool> found = cross_damage();
      if (!found) return found.error();
      if (!*found) break;
    }
    salvage_.end = at_;
    return std::move(salvage_);
  }

 private:
  void meet_mark() noexcept {
    if (at_ == terms_.resync_to) salvage_.meets_mark = true;
    for (std::size_t i = 0; i < terms_.marks.size(); ++i) {
      if (terms_.marks[i] && at_ <= *terms_.marks[i]) salvage_.marks_below[i] = at_;
    }
  }

  [[nodiscard]] bool is_next(const FrameHeader& frame) const noexcept {
    return frame.sequence == salvage_.order.next.value;
  }

  // Cheap, for most of what is no frame: a checksum may be of megabytes.
  [[nodiscard]] bool may_be_frame(const FrameHeader& frame, FileOffset at) const noexcept {
    if (frame.length < kFrameHeaderBytes || frame.length > kFrameLengthMax) return false;
    if (frame_stride(frame.length) > terms_.limit.bytes - at.bytes) return false;
    if (frame.reserved != 0 || (frame.flags & ~kFlagsKnown) != 0) return false;
    return frame.sequence > salvage_.order.next.value && is_in_order(frame, at);
  }

  [[nodiscard]] bool is_in_order(const FrameHeader& frame, FileOffset at) const noexcept {
    if (frame.sequence - header_.base_sequence >= kSegmentSequenceSpan) return false;
    if (terms_.next_base && frame.sequence >= terms_.next_base->value) return false;
    if (frame.arrival_ms < salvage_.order.arrival.ms) return false;
    if (terms_.writers_bind) return is_of_listed(frame, at);
    return !salvage_.any || epoch_follows(salvage_.order.epoch, frame.epoch);
  }

  [[nodiscard]] bool is_of_listed(const FrameHeader& frame, FileOffset at) const noexcept {
    return frame.epoch == static_cast<std::uint16_t>(epoch_at(terms_.writers, at));
  }

  [[nodiscard]] bool is_provable(const SeenFrame& seen, FileOffset at) const noexcept {
    const FrameHeader& frame = seen.check.frame.header;
    if (seen.check.fault != FrameFault::kNone || is_typed(frame, FrameType::kPad)) return false;
    return is_in_order(frame, at) && ends_right(seen);
  }

  [[nodiscard]] bool ends_right(const SeenFrame& seen) const noexcept {
    const bool gap = is_typed(seen.check.frame.header, FrameType::kGap);
    if (!gap || !terms_.next_base) return true;
    return gap_end(seen.frame.data(), seen.check.frame) < *terms_.next_base;
  }

  void take(const SeenFrame& seen) noexcept {
    const FrameHeader& frame = seen.check.frame.header;
    if (salvage_.holes.empty() && !is_of_listed(frame, at_)) {
      salvage_.contradicts_writers = true;
      if (!salvage_.any) salvage_.contradicts_first = true;
    }
    Sequence last{frame.sequence};
    if (is_typed(frame, FrameType::kGap)) last = gap_end(seen.frame.data(), seen.check.frame);
    if (is_typed(frame, FrameType::kData)) ++salvage_.records;
    salvage_.shard_end = is_typed(frame, FrameType::kShardEnd);
    salvage_.order = {{last.value + 1}, {frame.arrival_ms}, frame.epoch};
    salvage_.any = true;
    const FileOffset end{at_.bytes + frame_stride(frame.length)};
    for (EpochStart& writer : salvage_.writers) {
      const bool inside = writer.offset > at_.bytes && writer.offset < end.bytes;
      if (inside) writer.offset = end.bytes;
    }
    at_ = end;
  }

  // Moves to the next frame that can be proved, and notes the hole before it.
  Result<bool> cross_damage() {
    FileOffset place{at_.bytes + kFrameHeaderBytes};
    for (; place <= terms_.resync_to && place < terms_.limit; place.bytes += kFrameAlignment) {
      Result<Bytes> bytes = reader_.from(place, kFrameHeaderBytes);
      if (!bytes) return bytes.error();
      if (bytes->size() < kFrameHeaderBytes) return false;
      const auto head = load<FrameHeader>(bytes->data());
      if (!may_be_frame(head, place)) continue;
      Result<SeenFrame> seen = see_frame(reader_, seed_, place, terms_.limit);
      if (!seen) return seen.error();
      if (!is_provable(*seen, place)) continue;
      salvage_.holes.push_back({.from = at_,
                                .to = place,
                                .before = salvage_.order,
                                .next = {head.sequence},
                                .arrival = {head.arrival_ms}});
      if (!salvage_.any) salvage_.holes.back().before.epoch = head.epoch;
      at_ = place;
      meet_mark();
      take(*seen);
      return true;
    }
    return false;
  }

  ChunkReader& reader_;
  const SalvageTerms& terms_;
  const SegmentHeader& header_;
  const FrameSeed seed_;
  FileOffset at_;
  Salvage salvage_;
};

}  // namespace

Result<Salvage> salvage_segment(ChunkReader& reader, const SalvageTerms& terms) {
  return Salvager(reader, terms).run();
}

}  // namespace millrace
