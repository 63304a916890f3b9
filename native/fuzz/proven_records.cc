#include "fuzz/proven_records.h"

#include <algorithm>

#include "core/crc32c.h"
#include "core/file.h"
#include "core/mapping.h"
#include "core/paths.h"

namespace millrace::fuzz {

namespace {

constexpr std::uint8_t kData = 1;
constexpr std::uint8_t kPad = 2;
constexpr std::uint8_t kGap = 3;
constexpr std::uint64_t kHeadBytes = 32;

std::string text(Bytes bytes, std::uint64_t at, std::uint64_t count) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, count};
}

std::uint32_t seed_by_the_book(const SegmentHeader& header) {
  std::array<std::byte, 36> seeded{};
  std::memcpy(seeded.data(), header.uuid.data(), 16);
  store(seeded.data() + 16, header.shard);
  store(seeded.data() + 20, header.base_sequence);
  store(seeded.data() + 28, header.salt);
  return crc32c(seeded);
}

}  // namespace

std::optional<ProvenRecords::Frame> ProvenRecords::frame_at(Bytes bytes, std::uint64_t at,
                                                            std::uint32_t seed) {
  if (at > bytes.size() || bytes.size() - at < kHeadBytes) return std::nullopt;
  const Bytes rest = bytes.subspan(at);
  const auto length = load<std::uint32_t>(rest.data());
  if (length < kHeadBytes || length > rest.size()) return std::nullopt;
  const std::uint32_t crc =
      crc32c_extend(crc32c_extend(seed, rest.first(4)), rest.subspan(8, length - 8));
  if (crc != load<std::uint32_t>(rest.data() + 4)) return std::nullopt;
  Frame frame;
  frame.record.sequence = load<std::uint64_t>(rest.data() + 8);
  frame.arrival_ms = load<std::int64_t>(rest.data() + 16);
  frame.record.arrival_ms = static_cast<double>(frame.arrival_ms);
  const auto key_bytes = load<std::uint16_t>(rest.data() + 26);
  frame.type = load<std::uint8_t>(rest.data() + 28);
  const auto flags = load<std::uint8_t>(rest.data() + 29);
  const std::uint64_t hash_bytes = (flags & 1) != 0 ? 16 : 0;
  const std::uint64_t payload_at = align_up<std::uint64_t>(kHeadBytes + key_bytes + hash_bytes, 8);
  if (payload_at > length) return std::nullopt;
  frame.record.key = text(rest, kHeadBytes, key_bytes);
  frame.record.hash_key = text(rest, kHeadBytes + key_bytes, hash_bytes);
  frame.record.payload = text(rest, payload_at, length - payload_at);
  frame.record.flags = flags & 6U;
  frame.stride = align_up<std::uint64_t>(length, 8);
  frame.next = frame.record.sequence + 1;
  if (frame.type == kGap && length - payload_at >= 8) {
    frame.next = load<std::uint64_t>(rest.data() + payload_at) + 1;
  }
  return frame;
}

ProvenRecords::ProvenRecords(Env& env, const ForgedLog& log) {
  for (const ForgedLog::File& forged : log.segments) {
    const Result<millrace::File> file = millrace::File::open(env, forged.path, OpenMode::kRead);
    if (!file) continue;
    const Result<std::uint64_t> size = file->bytes();
    if (!size || *size < sizeof(SegmentHeader)) continue;
    const Result<Mapping> mapping = Mapping::map(*file, {0}, *size, MapMode::kRead);
    if (!mapping) continue;
    const Bytes bytes = mapping->bytes();
    File& segment = files_.emplace_back();
    segment.header = load<SegmentHeader>(bytes.data());
    const std::uint32_t seed = seed_by_the_book(segment.header);
    for (const std::uint64_t at : forged.frames_at) {
      if (segment.frames.contains(at)) continue;
      std::optional<Frame> frame = frame_at(bytes, at, seed);
      if (!frame) continue;
      if (frame->type == kData) records_.insert(frame->record);
      segment.frames.emplace(at, std::move(*frame));
    }
  }
}

bool ProvenRecords::holds_payload(Sequence sequence, const std::string& payload) const {
  return std::ranges::any_of(records_, [&](const ReadRecord& record) {
    return record.sequence == sequence.value && record.payload == payload;
  });
}

std::optional<std::vector<ReadRecord>> ProvenRecords::chain_to(LogPosition end) const {
  std::vector<ReadRecord> chain;
  // Of a log whose first segment was set aside nothing is left.
  if (files_.empty() || files_.front().header.base_position > end.bytes) return chain;
  std::uint64_t next = files_.front().header.base_sequence;
  std::int64_t arrival = files_.front().header.previous_arrival_ms;
  std::uint64_t position = files_.front().header.base_position;
  for (const File& file : files_) {
    if (position >= end.bytes) break;
    if (file.header.base_position != position || file.header.base_sequence != next) {
      return std::nullopt;
    }
    std::uint64_t at = file.header.data_offset;
    while (position < end.bytes) {
      const auto found = file.frames.find(at);
      if (found == file.frames.end() || found->second.type == kPad) break;
      const Frame& frame = found->second;
      if (frame.record.sequence != next || frame.arrival_ms < arrival) return std::nullopt;
      if (frame.type == kData) chain.push_back(frame.record);
      next = frame.next;
      arrival = frame.arrival_ms;
      at += frame.stride;
      position += frame.stride;
    }
  }
  if (position != end.bytes) return std::nullopt;
  return chain;
}

}  // namespace millrace::fuzz
