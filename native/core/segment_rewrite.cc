#include "core/segment_rewrite.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/chunk_reader.h"
#include "core/crc32c.h"
#include "core/segment_head.h"
#include "core/segment_walk.h"
#include "core/sparse_write.h"
#include "core/time_index.h"

namespace millrace {

namespace {

constexpr std::size_t kBufferBytes = 1 * kMiB;
// Gaps are no larger, if there are numbers enough for several: readers take frames as a whole.
constexpr std::uint64_t kGapStride = 64 * kKiB;
constexpr std::uint64_t kGapStrideMax = align_down<std::uint64_t>(kFrameLengthMax, kFrameAlignment);

Error changed_frame(const std::string& path, FileOffset at) {
  return Error{
      .code = Errc::kCorrupt,
      .message = path + ": a frame that was whole is not, at byte " + std::to_string(at.bytes),
      .detail = at.bytes};
}

class Rewrite {
 public:
  Rewrite(File file, ChunkReader* reader, const RewriteTerms& terms)
      : file_(std::move(file)),
        reader_(reader),
        terms_(terms),
        header_(terms.header),
        seed_(seed_of(header_)),
        at_{header_.data_offset},
        pending_at_(at_),
        slots_(header_.data_offset / sizeof(IndexSlot)) {}

  Result<void> run() {
    if (Result<void> sized = file_.resize(header_.file_bytes); !sized) return sized;
    auto filling = terms_.fillings.begin();
    while (at_ < terms_.end) {
      const bool fills = filling != terms_.fillings.end() && filling->from == at_;
      Result<void> done = fills ? fill(*filling++) : copy_frame();
      if (!done) return done;
      if (pending_.size() >= kBufferBytes) {
        if (Result<void> flushed = flush(); !flushed) return flushed;
      }
    }
    if (terms_.finished) put_pad();
    if (Result<void> flushed = flush(); !flushed) return flushed;
    if (terms_.keep_rest) {
      if (Result<void> copied = copy_rest(); !copied) return copied;
    }
    if (Result<void> written = write_front(); !written) return written;
    return file_.sync_data();
  }

 private:
  Result<void> copy_frame() {
    if (reader_ == nullptr) return changed_frame(file_.path(), at_);
    Result<SeenFrame> seen = see_frame(*reader_, seed_, at_, terms_.end);
    if (!seen) return seen.error();
    if (seen->check.fault != FrameFault::kNone) return changed_frame(file_.path(), at_);
    const std::size_t before = pending_.size();
    pending_.insert(pending_.end(), seen->frame.begin(), seen->frame.end());
    // No checksum covers what lies behind the payload.
    std::fill(pending_.begin() + static_cast<std::ptrdiff_t>(before + frame_length_of(*seen)),
              pending_.end(), std::byte{0});
    note(seen->check.frame, seen->frame.data());
    return {};
  }

  static std::size_t frame_length_of(const SeenFrame& seen) noexcept {
    return seen.check.frame.header.length;
  }

  Result<void> fill(const Filling& filling) {
    const std::uint64_t stride = filling.to.bytes - filling.from.bytes;
    std::vector<std::byte> payload(stride - kFrameHeaderBytes);
    if (payload.size() >= kGapEndBytes) store(payload.data(), filling.last.value);
    const FrameContent content{
        .type = filling.type, .flags = 0, .key = {}, .hash_key = nullptr, .payload = payload};
    append(content, {filling.first, filling.epoch, filling.arrival}, stride);
    return {};
  }

  void append(const FrameContent& content, const FrameStamp& stamp, std::uint64_t stride) {
    const std::size_t before = pending_.size();
    pending_.resize(before + stride);
    write_frame(pending_.data() + before, content, stamp, seed_);
    const Bytes frame = Bytes(pending_).subspan(before);
    note(check_frame(frame, seed_, false).frame, frame.data());
  }

  void put_pad() {
    if (header_.file_bytes - at_.bytes < kFrameHeaderBytes) return;
    const std::size_t before = pending_.size();
    pending_.resize(before + kFrameHeaderBytes);
    const FrameContent pad{
        .type = FrameType::kPad, .flags = 0, .key = {}, .hash_key = nullptr, .payload = {}};
    write_frame(pending_.data() + before, pad, {{last_.value + 1}, last_epoch_, last_arrival_},
                seed_);
  }

  void note(const FrameView& frame, const std::byte* at) {
    const FrameHeader& header = frame.header;
    const std::size_t cell = (at_.bytes - header_.data_offset) / kGridBytes;
    if (cell > 0 && slots_[first_slot() + cell].offset == 0) {
      slots_[first_slot() + cell] = {
          .offset = static_cast<std::uint32_t>(at_.bytes),
          .sequence_delta = static_cast<std::uint32_t>(header.sequence - header_.base_sequence),
          .arrival_ms = header.arrival_ms};
    }
    if (writers_.empty() || header.epoch != last_epoch_) {
      writers_.push_back({whole_epoch(header.epoch, terms_.writer_count), at_.bytes});
    }
    if (header.type == static_cast<std::uint8_t>(FrameType::kData)) {
      if (records_++ == 0) first_arrival_ = {header.arrival_ms};
      payload_bytes_ += frame.payload_bytes;
    }
    last_ = {header.sequence};
    if (header.type == static_cast<std::uint8_t>(FrameType::kGap)) last_ = gap_end(at, frame);
    last_epoch_ = header.epoch;
    last_arrival_ = {header.arrival_ms};
    at_.bytes += frame_stride(header.length);
  }

  Result<void> flush() {
    Result<void> written = write_sparsely(file_, pending_, pending_at_);
    pending_at_.bytes += pending_.size();
    pending_.clear();
    return written;
  }

  Result<void> copy_rest() {
    for (FileOffset at = terms_.end; at.bytes < header_.file_bytes;) {
      Result<Bytes> bytes = reader_->from(at, 1);
      if (!bytes) return bytes.error();
      const Bytes piece =
          bytes->first(std::min<std::uint64_t>(bytes->size(), header_.file_bytes - at.bytes));
      if (piece.empty()) break;  // the file was cut short
      if (Result<void> written = write_sparsely(file_, piece, at); !written) return written;
      at.bytes += piece.size();
    }
    return {};
  }

  static constexpr std::size_t first_slot() noexcept { return kIndexOffset / sizeof(IndexSlot); }
  static constexpr std::size_t first_summary() noexcept {
    return kSummaryOffset / sizeof(IndexSlot);
  }

  // Everything before the first frame.
  Result<void> write_front() {
    if (terms_.seal) {
      for (std::size_t i = 0; i < kSummarySlots; ++i) {
        slots_[first_summary() + i] = slots_[first_slot() + summary_cell(i, header_)];
      }
    }
    // Nobody has stored a frame here: then the latest writer began it, as far as anybody can tell.
    if (writers_.empty()) {
      writers_.push_back({std::max<std::uint64_t>(1, terms_.writer_count), header_.data_offset});
    }
    const std::vector<EpochStart>& writers = terms_.writers.empty() ? writers_ : terms_.writers;
    const MutableBytes front = std::as_writable_bytes(std::span(slots_));
    store(front.data(), header_);
    const std::size_t count = std::min(writers.size(), kEpochStartsMax);
    for (std::size_t i = 0; i < count; ++i) {
      store(front.data() + kEpochsOffset + i * sizeof(EpochStart), writers[i]);
    }
    if (terms_.seal) {
      const std::uint64_t sealer = count > 0 ? writers[count - 1].epoch : 0;
      store(front.data() + kSealOffset, seal(sealer, crc32c(front.subspan(kSummaryOffset))));
    }
    return file_.write_all(front, FileOffset{0});
  }

  [[nodiscard]] SegmentSeal seal(std::uint64_t sealer, std::uint32_t index_crc) const noexcept {
    SegmentSeal seal{};
    seal.reason = static_cast<std::uint32_t>(*terms_.seal);
    seal.first_arrival_ms = first_arrival_.ms;
    seal.last_arrival_ms = last_arrival_.ms;
    seal.last_sequence = last_.value;
    seal.data_end = at_.bytes;
    seal.records = records_;
    seal.payload_bytes = payload_bytes_;
    seal.epoch = sealer;
    seal.index_crc = index_crc;
    set_crc(seal);
    return seal;
  }

  File file_;
  ChunkReader* reader_;
  const RewriteTerms& terms_;
  const SegmentHeader& header_;
  const FrameSeed seed_;
  FileOffset at_;
  std::vector<std::byte> pending_;  // built, not written yet
  FileOffset pending_at_;
  std::vector<IndexSlot> slots_;     // of the file's front, from its first byte on
  std::vector<EpochStart> writers_;  // as the frames say
  std::uint64_t records_ = 0;
  std::uint64_t payload_bytes_ = 0;
  ArrivalTime first_arrival_;
  Sequence last_;
  ArrivalTime last_arrival_;
  std::uint16_t last_epoch_ = 0;
};

}  // namespace

std::uint64_t whole_epoch(std::uint16_t epoch, std::uint64_t writer_count) noexcept {
  const auto behind = static_cast<std::uint16_t>(writer_count - epoch);
  const std::uint64_t whole = writer_count > behind ? writer_count - behind : epoch;
  return std::max<std::uint64_t>(1, whole);
}

std::optional<std::vector<Filling>> fill_with_gaps(const Filling& whole) {
  if (whole.to <= whole.from || whole.last < whole.first) return std::nullopt;
  const std::uint64_t bytes = whole.to.bytes - whole.from.bytes;
  const std::uint64_t numbers = whole.last.value - whole.first.value + 1;
  if (bytes < kFrameHeaderBytes || bytes % kFrameAlignment != 0) return std::nullopt;
  const std::uint64_t count = std::min(numbers, (bytes + kGapStride - 1) / kGapStride);
  const std::uint64_t stride = align_down<std::uint64_t>(bytes / count, kFrameAlignment);
  const std::uint64_t last_stride = bytes - stride * (count - 1);
  if (last_stride > kGapStrideMax) return std::nullopt;
  if (last_stride < kFrameHeaderBytes + kGapEndBytes && numbers > count) return std::nullopt;
  std::vector<Filling> gaps;
  for (std::uint64_t i = 0; i < count; ++i) {
    Filling gap = whole;
    gap.from = {whole.from.bytes + i * stride};
    gap.to = i + 1 == count ? whole.to : FileOffset{gap.from.bytes + stride};
    gap.first = {whole.first.value + i};
    if (i + 1 < count) gap.last = gap.first;
    gaps.push_back(gap);
  }
  return gaps;
}

Result<void> rewrite_segment(Env& env, const File* source, const RewriteTerms& terms,
                             const std::string& to, ScanMeter& meter) {
  Result<File> file = File::create_anew(env, to);
  if (!file) return file.error();
  if (source == nullptr) return Rewrite(std::move(*file), nullptr, terms).run();
  ChunkBuffer buffer;
  ChunkReader reader(*source, buffer, meter);
  return Rewrite(std::move(*file), &reader, terms).run();
}

}  // namespace millrace
