#include "fuzz/forged_segment.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>

#include "core/crc32c.h"
#include "core/frame.h"
#include "core/time_index.h"

namespace millrace::fuzz {

namespace {

constexpr std::size_t kFramesMax = 24;
constexpr std::uint64_t kCells = kSegmentDataMin / kGridBytes;
constexpr std::size_t kLargePayload = 20 * kKiB;  // more than a cell of the index
constexpr std::size_t kPokeBytesMax = 64;

// Bits of the byte that says what a frame is like.
constexpr std::uint8_t kOddHeader = 0x08;
constexpr std::uint8_t kOddChecksum = 0x10;
constexpr std::uint8_t kNewWriter = 0x20;
constexpr std::uint8_t kHashed = 0x40;
constexpr std::uint8_t kLarge = 0x80;

class Forge {
 public:
  Forge(ByteSource& in, const LogIdentity& identity, ForgedPlace& place, bool closes)
      : in_(in), place_(place), closes_(closes) {
    SegmentPlan plan;
    plan.identity = identity;
    plan.ordinal = place.ordinal;
    plan.base_sequence = place.next;
    plan.base_position = place.position;
    plan.created = {1'000};
    plan.previous_sequence = place.last;
    plan.previous_arrival = place.arrival;
    plan.salt = 0x0807'0605'0403'0201 + place.ordinal;
    segment_.header = make_header(plan);
    segment_.image.set_file_bytes(segment_.header.file_bytes);
    at_ = segment_.header.data_offset;
    seal_.last_sequence = place.last.value;
    seal_.last_arrival_ms = place.arrival.ms;
  }

  ForgedSegment run() {
    put_header();
    writers_.push_back({place_.epoch, at_});
    const std::size_t frames = in_.below(kFramesMax + 1);
    for (std::size_t i = 0; i < frames && !place_.ended; ++i) put_frame();
    const std::uint64_t data_end = at_;
    if (closes_ && in_.below(8) != 1) put_pad();
    put_index();
    put_writers();
    const bool sealed = in_.below(8) != 1 && (closes_ || place_.ended);
    if (sealed) put_seal(data_end);
    poke();
    ++place_.ordinal;
    return std::move(segment_);
  }

 private:
  // The header, with up to three of its fields changed.
  void put_header() {
    constexpr std::array<std::size_t, 14> kFields{0,  8,  16, 32, 36, 40,  48,
                                                  56, 64, 72, 80, 88, 104, 112};
    SegmentHeader header = segment_.header;
    auto bytes = std::as_writable_bytes(std::span(&header, 1));
    for (std::size_t changes = in_.below(4); changes > 0; --changes) {
      std::byte* const field = bytes.data() + kFields[in_.below(kFields.size())];
      store(field, in_.altered(load<std::uint64_t>(field)));
    }
    const std::uint8_t option = in_.byte();
    if (option != 1) set_crc(header);
    const bool changed = std::memcmp(&header, &segment_.header, sizeof(header)) != 0;
    if (option != 1 && changed) segment_.crafted = true;
    if (option == 2) segment_.image.set_file_bytes(header.file_bytes % (4 * kMiB));
    if (option == 3) segment_.image.set_file_bytes(in_.number<std::uint16_t>());
    if (option == 4) {
      segment_.image.set_file_bytes(in_.altered(segment_.header.file_bytes) % (4 * kMiB));
    }
    segment_.image.put(0, bytes);
    seed_ = seed_of(header);
  }

  static FrameType type_of(std::uint8_t shape) noexcept {
    switch (shape & 7) {
      case 5:
        return FrameType::kGap;
      case 6:
        return FrameType::kShardEnd;
      case 7:
        return FrameType::kPad;
      default:
        return FrameType::kData;
    }
  }

  void put_frame() {
    const std::uint8_t shape = in_.byte();
    const FrameType type = type_of(shape);
    const bool data = type == FrameType::kData;
    if ((shape & kNewWriter) != 0 && writers_.size() < kEpochStartsMax) {
      place_.epoch += 1 + in_.below(3);
      writers_.push_back({place_.epoch, at_});
    }
    place_.arrival.ms += in_.byte();
    const std::size_t size =
        (shape & kLarge) != 0 ? in_.number<std::uint16_t>() % kLargePayload : in_.byte();
    std::vector<std::byte> payload(size, static_cast<std::byte>(place_.next.value));
    Sequence last = place_.next;
    if (type == FrameType::kGap) {
      last.value += in_.below(100);
      payload.resize(sizeof(std::uint64_t));
      const std::uint64_t end = (shape & kOddHeader) != 0 ? in_.altered(last.value) : last.value;
      if (end != last.value) segment_.crafted = true;
      store(payload.data(), end);
    } else if (!data) {
      payload.clear();
    }
    const std::array<std::byte, 9> key{};
    const std::array<std::byte, kHashKeyBytes> hash_key{};
    FrameContent content{.type = type, .flags = 0, .key = {}, .hash_key = nullptr, .payload = {}};
    content.payload = payload;
    if (data) content.key = Bytes(key).first(1 + in_.below(key.size()));
    if (data && (shape & kHashed) != 0) content.hash_key = hash_key.data();
    const bool fits = put(content, shape);
    if (type == FrameType::kPad) {  // misplaced: it takes no position
      segment_.crafted = segment_.crafted || fits;
      return;
    }
    count(content, last);
  }

  // False when there is no room for it and the pad behind it.
  bool put(const FrameContent& content, std::uint8_t shape) {
    const std::uint64_t stride = frame_stride(static_cast<std::uint32_t>(
        frame_length(content.key.size(), content.hash_key != nullptr, content.payload.size())));
    if (stride + kFrameHeaderBytes > segment_.header.file_bytes - at_) return false;
    std::vector<std::byte> frame(stride);
    const FrameStamp stamp{place_.next, static_cast<std::uint16_t>(place_.epoch), place_.arrival};
    write_frame(frame.data(), content, stamp, seed_);
    if ((shape & kOddHeader) != 0) {
      const std::vector<std::byte> meant = frame;
      alter(frame);
      if (frame != meant) segment_.crafted = true;
    }
    if ((shape & kOddChecksum) != 0) {
      std::byte* const crc = frame.data() + offsetof(FrameHeader, crc);
      store(crc, in_.altered_as(load<std::uint32_t>(crc)));
    }
    segment_.image.put(at_, frame);
    note_slot();
    segment_.frames_at.push_back(at_);
    if (content.type != FrameType::kPad) at_ += stride;
    return true;
  }

  // Changes one field of a frame's header, and makes the checksum fit.
  void alter(std::vector<std::byte>& frame) {
    auto header = load<FrameHeader>(frame.data());
    switch (in_.below(10)) {
      case 0:
        header.sequence = in_.altered(header.sequence);
        break;
      case 1:
        header.arrival_ms = in_.altered_as(header.arrival_ms);
        break;
      case 2:
        header.epoch = in_.altered_as(header.epoch);
        break;
      case 3:
        header.key_bytes = in_.altered_as(header.key_bytes);
        break;
      case 4:
        header.type = in_.byte();
        break;
      case 5:
        header.flags = in_.byte();
        break;
      case 6:
        header.reserved = in_.altered_as(header.reserved);
        break;
      case 7:
        header.length = in_.altered_as(header.length);
        break;
      default:  // of the body, a byte
        frame[in_.number<std::uint16_t>() % frame.size()] = static_cast<std::byte>(in_.byte());
        header = load<FrameHeader>(frame.data());
        break;
    }
    std::vector<std::byte> covered = frame;
    store(covered.data(), header);
    if (header.length >= 8 && header.length <= kLargePayload * 2) {
      covered.resize(std::max<std::size_t>(frame.size(), header.length));
      const std::uint32_t seeded = crc32c_extend(seed_.crc, bytes_of(header.length));
      header.crc = crc32c_extend(seeded, Bytes(covered).subspan(8, header.length - 8));
    }
    store(frame.data(), header);
  }

  void note_slot() {
    const std::uint64_t cell = (at_ - segment_.header.data_offset) / kGridBytes;
    if (cell == 0 || slots_[cell].offset != 0) return;
    slots_[cell] = {.offset = static_cast<std::uint32_t>(at_),
                    .sequence_delta = static_cast<std::uint32_t>(place_.next.value -
                                                                 segment_.header.base_sequence),
                    .arrival_ms = place_.arrival.ms};
  }

  void count(const FrameContent& content, Sequence last) {
    if (segment_.frames_at.empty() || position() == place_.position) return;  // had no room
    place_.position = position();
    segment_.ends.push_back(place_.position);
    place_.last = last;
    place_.next = {last.value + 1};
    place_.ended = content.type == FrameType::kShardEnd;
    seal_.last_sequence = last.value;
    seal_.last_arrival_ms = place_.arrival.ms;
    if (content.type != FrameType::kData) return;
    if (seal_.records++ == 0) seal_.first_arrival_ms = place_.arrival.ms;
    seal_.payload_bytes += content.payload.size();
  }

  [[nodiscard]] LogPosition position() const noexcept {
    return {segment_.header.base_position + (at_ - segment_.header.data_offset)};
  }

  // Not noted in the index.
  void put_pad() {
    std::array<std::byte, kFrameHeaderBytes> frame{};
    write_frame(
        frame.data(),
        {.type = FrameType::kPad, .flags = 0, .key = {}, .hash_key = nullptr, .payload = {}},
        {place_.next, static_cast<std::uint16_t>(place_.epoch), place_.arrival}, seed_);
    segment_.image.put(at_, frame);
    segment_.frames_at.push_back(at_);
  }

  void put_index() {
    for (std::size_t changes = in_.below(4); changes > 0; --changes) {
      IndexSlot& slot = slots_[in_.below(kCells)];
      slot.offset = in_.altered_as(slot.offset);
      slot.sequence_delta = in_.altered_as(slot.sequence_delta);
      slot.arrival_ms = in_.altered_as(slot.arrival_ms);
    }
    segment_.image.put(kIndexOffset, std::as_bytes(std::span(slots_)));
  }

  void put_writers() {
    for (std::size_t changes = in_.below(3); changes > 0; --changes) {
      EpochStart& writer = writers_[in_.below(256) % writers_.size()];
      writer.epoch = in_.altered(writer.epoch);
      writer.offset = in_.altered(writer.offset);
    }
    segment_.image.put(kEpochsOffset, std::as_bytes(std::span(writers_)));
  }

  void put_seal(std::uint64_t data_end) {
    std::array<IndexSlot, kSummarySlots> summary{};
    for (std::size_t i = 0; i < summary.size(); ++i) {
      summary[i] = slots_[summary_cell(i, segment_.header)];
    }
    for (std::size_t changes = in_.below(2); changes > 0; --changes) {
      IndexSlot& slot = summary[in_.below(kSummarySlots)];
      slot.offset = in_.altered_as(slot.offset);
    }
    segment_.image.put(kSummaryOffset, std::as_bytes(std::span(summary)));
    std::vector<std::byte> index(segment_.header.data_offset - kIndexOffset);
    std::memcpy(index.data(), slots_.data(), sizeof(slots_));
    seal_.reason =
        static_cast<std::uint32_t>(place_.ended ? SealReason::kShardEnd : SealReason::kSize);
    seal_.data_end = data_end;
    seal_.epoch = place_.epoch;
    seal_.index_crc = crc32c_extend(crc32c(std::as_bytes(std::span(summary))), index);
    SegmentSeal meant = seal_;
    auto bytes = std::as_writable_bytes(std::span(&seal_, 1));
    for (std::size_t changes = in_.below(3); changes > 0; --changes) {
      std::byte* const field = bytes.data() + in_.below(11) * sizeof(std::uint64_t);
      store(field, in_.altered(load<std::uint64_t>(field)));
    }
    const bool fits = in_.below(8) != 1;
    if (fits) {
      set_crc(meant);
      set_crc(seal_);
      if (std::memcmp(&meant, &seal_, sizeof(meant)) != 0) segment_.crafted = true;
    }
    segment_.image.put(kSealOffset, bytes);
  }

  // Bytes that no checksum is made to fit.
  void poke() {
    for (std::size_t pokes = in_.below(4); pokes > 0; --pokes) {
      const std::uint64_t at = in_.altered(at_) % segment_.header.file_bytes;
      const std::size_t count = 1 + in_.below(kPokeBytesMax);
      segment_.image.put(at, in_.bytes(count));
    }
  }

  ByteSource& in_;
  ForgedPlace& place_;
  const bool closes_;
  ForgedSegment segment_;
  FrameSeed seed_;
  std::uint64_t at_ = 0;  // of the next frame, in the file
  std::array<IndexSlot, kCells> slots_{};
  std::vector<EpochStart> writers_;
  SegmentSeal seal_{};
};

}  // namespace

ForgedSegment forge_segment(ByteSource& in, const LogIdentity& identity, ForgedPlace& place,
                            bool closes) {
  return Forge(in, identity, place, closes).run();
}

}  // namespace millrace::fuzz
