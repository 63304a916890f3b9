#include "core/segment_check.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "core/crc32c.h"
#include "core/frame.h"

namespace millrace {

namespace {

bool same(const IndexSlot& a, const IndexSlot& b) noexcept {
  return a.offset == b.offset && a.sequence_delta == b.sequence_delta &&
         a.arrival_ms == b.arrival_ms;
}

bool is_zero(const IndexSlot& slot) noexcept { return same(slot, IndexSlot{}); }

class SegmentCheck {
 public:
  SegmentCheck(const SegmentHead& head, const SegmentTerms& terms, const std::string& file,
               Findings& findings)
      : head_(head),
        header_(head.segment.header),
        terms_(terms),
        file_(file),
        findings_(findings) {}

  SegmentWalk run(ChunkReader& reader) {
    // Before the frames: a writer stores the slots of frames before it commits them.
    if (Result<void> read = read_front(reader); !read) {
      unreadable(0, read.error());
      SegmentWalk nothing;
      nothing.whole = false;
      return nothing;
    }
    const TimeIndex index(front_, header_);
    walk_ = walk_segment(reader, head_, terms_, index, file_, findings_);
    check_rest(reader);
    check_index(index);
    check_summary();
    check_seal();
    return std::move(walk_);
  }

 private:
  // Header to index; what lies behind the index's last slot is zero.
  Result<void> read_front(ChunkReader& reader) {
    Result<Bytes> bytes = reader.from(FileOffset{0}, header_.data_offset);
    if (!bytes) return bytes.error();
    if (bytes->size() < header_.data_offset) {
      return Error{.code = Errc::kCorrupt, .message = "the file ends inside its index"};
    }
    front_.assign(bytes->begin(), bytes->begin() + header_.data_offset);
    return {};
  }

  void check_rest(ChunkReader& reader) {
    FileOffset from = walk_.frames.end;
    if (terms_.end && from < *terms_.end) from = *terms_.end;  // damage hid the last frames
    const FileOffset file_end{header_.file_bytes};
    if (from < file_end && (terms_.finished || !terms_.end)) {
      Result<SeenFrame> seen = see_frame(reader, seed_of(header_), from, file_end);
      if (!seen) return unreadable(from.bytes, seen.error());
      if (is_pad(*seen)) from.bytes += seen->frame.size();
    }
    Result<NonZero> odd = find_non_zero(reader, from, file_end);
    if (!odd) return unreadable(from.bytes, odd.error());
    if (odd->first == file_end) return;
    const std::string bytes = std::to_string(odd->end.bytes - odd->first.bytes) + " bytes";
    const bool may_be_left =
        head_.epochs.size() > 1 || !terms_.end || (!terms_.finished && !terms_.settled);
    if (!may_be_left && is_torn_pad(reader, from, odd->end)) {
      findings_.notice(file_, odd->first.bytes,
                       "the mark of the segment's end is there in part; nothing reads it");
    } else if (!may_be_left) {
      findings_.damage(file_, odd->first.bytes, bytes + " behind the last frame are not zero");
    } else if (!terms_.live) {
      findings_.notice(file_, odd->first.bytes,
                       bytes + " behind the last frame were written but never committed");
    }
  }

  [[nodiscard]] bool is_pad(const SeenFrame& seen) const noexcept {
    const FrameHeader& frame = seen.check.frame.header;
    if (seen.check.fault != FrameFault::kNone) return false;
    if (frame.type != static_cast<std::uint8_t>(FrameType::kPad)) return false;
    const bool follows =
        frame.sequence == walk_.order.next.value && frame.arrival_ms == walk_.order.arrival.ms;
    return frame.length == kFrameHeaderBytes && (follows || !walk_.whole);
  }

  // What a crash may leave of a pad: neighbouring words of the one that belongs here, and zeros.
  // Readers do without it, and no writer comes back to it.
  [[nodiscard]] bool is_torn_pad(ChunkReader& reader, FileOffset at, FileOffset odd_end) const {
    if (!walk_.whole || odd_end.bytes - at.bytes > kFrameHeaderBytes) return false;
    std::array<std::byte, kFrameHeaderBytes> pad{};
    const FrameStamp stamp{walk_.order.next, walk_.order.epoch, walk_.order.arrival};
    write_frame(
        pad.data(),
        {.type = FrameType::kPad, .flags = 0, .key = {}, .hash_key = nullptr, .payload = {}}, stamp,
        seed_of(header_));
    const Result<Bytes> there = reader.from(at, pad.size());
    if (!there || there->size() < pad.size()) return false;
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    std::size_t runs = 0;
    bool before = false;
    for (std::size_t word = 0; word < pad.size(); word += kWord) {
      const auto seen = load<std::uint64_t>(there->data() + word);
      const bool kept = seen == load<std::uint64_t>(pad.data() + word);
      if (!kept && seen != 0) return false;
      runs += kept && !before ? 1 : 0;
      before = kept;
    }
    return runs == 1;
  }

  void check_index(const TimeIndex& index) {
    std::size_t wrong = 0;
    std::size_t to_rebuild = 0;
    std::size_t first_wrong = 0;
    std::size_t first_to_rebuild = 0;
    for (std::size_t cell = 0; cell < header_.index_slots; ++cell) {
      if (walk_.unknown_slots[cell] || same(index.slot(cell), walk_.slots[cell])) continue;
      const bool promised = is_promised(cell);
      if (promised && wrong++ == 0) first_wrong = cell;
      if (!promised && to_rebuild++ == 0) first_to_rebuild = cell;
    }
    const auto offset_of = [](std::size_t cell) { return kIndexOffset + cell * sizeof(IndexSlot); };
    if (wrong > 0) {
      findings_.damage(file_, offset_of(first_wrong),
                       std::to_string(wrong) +
                           " of the index's slots, from this one on, do not "
                           "name the first frame of their 16 KiB");
    }
    if (to_rebuild > 0 && !terms_.live) {
      findings_.notice(file_, offset_of(first_to_rebuild),
                       std::to_string(to_rebuild) + " of the index's slots are to be rebuilt");
    }
    index_is_right_ = wrong == 0 && to_rebuild == 0;
    const Bytes rest = Bytes(front_).subspan(offset_of(header_.index_slots));
    if (const std::size_t odd = first_non_zero(rest); odd < rest.size()) {
      findings_.damage(file_, offset_of(header_.index_slots) + odd,
                       "bytes behind the index are not zero");
      index_is_right_ = false;
    }
  }

  // Whether the slot of this cell must be right. Those of frames that were not committed, or not
  // synced when the machine went down, are put in order by the next writer.
  [[nodiscard]] bool is_promised(std::size_t cell) const noexcept {
    // Who rolls or seals has written all of it before.
    const bool complete = terms_.finished || head_.seal;
    if (complete && terms_.end && terms_.indexed >= *terms_.end) return true;
    const IndexSlot& expected = walk_.slots[cell];
    const std::uint64_t cell_end = header_.data_offset + (std::uint64_t{cell} + 1) * kGridBytes;
    const std::uint64_t known_to = expected.offset != 0 ? expected.offset + 1 : cell_end;
    return terms_.settled || cell == 0 || known_to <= terms_.indexed.bytes;
  }

  void check_summary() {
    if (std::ranges::find(walk_.unknown_slots, true) != walk_.unknown_slots.end()) return;
    bool empty = true;
    bool exact = true;
    for (std::size_t i = 0; i < kSummarySlots; ++i) {
      const std::size_t at = kSummaryOffset + i * sizeof(IndexSlot);
      const auto slot = load<IndexSlot>(front_.data() + at);
      const bool right = same(slot, walk_.slots[summary_cell(i, header_)]);
      if (head_.seal && !right && !is_zero(slot)) {
        findings_.damage(file_, at, "the summary does not repeat the index");
        summary_is_right_ = false;
        return;
      }
      empty = empty && is_zero(slot);
      exact = exact && right;
    }
    // Written before the seal, but a crash of the system may keep the later one; without a seal it
    // is what an interrupted sealing left.
    if (!exact && (head_.seal || !empty)) {
      findings_.notice(file_, kSummaryOffset,
                       "the summary does not fit the index; nothing reads it");
      summary_is_right_ = false;
    }
  }

  void check_seal() {
    if (!head_.seal) return;
    const SegmentSeal& seal = *head_.seal;
    const auto expect = [&](bool right, std::size_t field, const char* what) {
      if (!right) findings_.damage(file_, kSealOffset + field, what);
    };
    const bool known = seal.reason >= static_cast<std::uint32_t>(SealReason::kSize) &&
                       seal.reason <= static_cast<std::uint32_t>(SealReason::kRecovery);
    expect(known, offsetof(SegmentSeal, reason), "the seal gives no known reason");
    if (head_.epochs_sound) {
      const auto by_sealer = [&](const EpochStart& start) { return start.epoch == seal.epoch; };
      expect(std::ranges::any_of(head_.epochs, by_sealer), offsetof(SegmentSeal, epoch),
             "the seal is of a writer that was not there");
    }
    if (index_is_right_ && summary_is_right_ && walk_.whole) {
      const Bytes covered = Bytes(front_).subspan(kSummaryOffset);
      expect(seal.index_crc == crc32c(covered), offsetof(SegmentSeal, index_crc),
             "the seal's checksum of summary and index differs");
    }
    if (!walk_.whole) return;
    const FramesReport& frames = walk_.frames;
    const ArrivalTime first = walk_.first_arrival.value_or(ArrivalTime{});
    expect(seal.data_end == frames.end.bytes, offsetof(SegmentSeal, data_end),
           "the seal names another end of the frames");
    expect(seal.records == frames.records, offsetof(SegmentSeal, records),
           "the seal counts another number of records");
    expect(seal.payload_bytes == frames.payload_bytes, offsetof(SegmentSeal, payload_bytes),
           "the seal counts another number of payload bytes");
    expect(seal.last_sequence == frames.last_sequence.value, offsetof(SegmentSeal, last_sequence),
           "the seal names another last sequence number");
    expect(seal.last_arrival_ms == frames.last_arrival.ms, offsetof(SegmentSeal, last_arrival_ms),
           "the seal names another last arrival");
    expect(seal.first_arrival_ms == first.ms, offsetof(SegmentSeal, first_arrival_ms),
           "the seal names another first arrival");
  }

  void unreadable(std::uint64_t at, const Error& error) {
    findings_.unreadable(file_, at, error, "cannot be read: " + error.message);
  }

  const SegmentHead& head_;
  const SegmentHeader& header_;
  const SegmentTerms& terms_;
  const std::string& file_;
  Findings& findings_;
  std::vector<std::byte> front_;  // header to index
  SegmentWalk walk_;
  bool index_is_right_ = true;
  bool summary_is_right_ = true;
};

}  // namespace

SegmentWalk check_segment(Env& env, const SegmentHead& head, const SegmentTerms& terms,
                          const std::string& file, ChunkBuffer& buffer, ScanMeter& meter,
                          Findings& findings) {
  Result<File> opened = File::open(env, head.segment.path, OpenMode::kRead);
  if (!opened) {
    findings.unreadable(file, 0, opened.error(), "cannot be read: " + opened.error().message);
    SegmentWalk nothing;
    nothing.whole = false;
    return nothing;
  }
  ChunkReader reader(*opened, buffer, meter);
  return SegmentCheck(head, terms, file, findings).run(reader);
}

}  // namespace millrace
