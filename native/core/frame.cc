#include "core/frame.h"

#include <cassert>
#include <cstring>

#include "core/crc32c.h"

namespace millrace {

namespace {

constexpr std::size_t kChecksummedFrom = 8;  // behind length and crc

std::uint32_t frame_crc(const std::byte* frame, std::uint32_t length, FrameSeed seed) noexcept {
  const std::uint32_t with_length = crc32c_extend(seed.crc, bytes_of(length));
  return crc32c_extend(with_length, {frame + kChecksummedFrom, length - kChecksummedFrom});
}

// Partition keys are short: two loads and stores that may overlap, where memcpy would be a call.
void copy_key(std::byte* to, Bytes key) noexcept {
  if (key.size() >= 8 && key.size() <= 16) {
    const auto first = load<std::uint64_t>(key.data());
    const auto last = load<std::uint64_t>(key.data() + key.size() - 8);
    store(to, first);
    store(to + key.size() - 8, last);
  } else if (!key.empty()) {
    std::memcpy(to, key.data(), key.size());
  }
}

// Everything between length and checksum and the payload, from byte 8 of the frame on. Only whole
// words are stored, as the checksum reads them: a load that spans stores still on their way waits
// for all of them.
void store_head(std::byte* frame, const FrameContent& content, const FrameStamp& stamp,
                std::size_t payload_at) noexcept {
  const bool hash_key = content.hash_key != nullptr;
  const auto type = static_cast<std::uint8_t>(content.type);
  const std::uint8_t flags = content.flags | (hash_key ? kFlagHashKey : 0);
  // Zeros first, where no field may reach.
  store<std::uint64_t>(frame + payload_at - kFrameAlignment, 0);
  store(frame + offsetof(FrameHeader, sequence), stamp.sequence.value);
  store(frame + offsetof(FrameHeader, arrival_ms), stamp.arrival.ms);
  store(frame + offsetof(FrameHeader, epoch),
        std::uint64_t{stamp.epoch} | std::uint64_t{content.key.size()} << 16 |
            std::uint64_t{type} << 32 | std::uint64_t{flags} << 40);
  copy_key(frame + kFrameHeaderBytes, content.key);
  if (!hash_key) return;
  std::memcpy(frame + kFrameHeaderBytes + content.key.size(), content.hash_key, kHashKeyBytes);
}

bool header_is_sane(const FrameHeader& header) noexcept {
  if (header.type < static_cast<std::uint8_t>(FrameType::kData)) return false;
  if (header.type > static_cast<std::uint8_t>(FrameType::kShardEnd)) return false;
  if ((header.flags & ~kFlagsKnown) != 0 || header.reserved != 0) return false;
  if (header.key_bytes > kKeyBytesMax) return false;
  if (header.sequence >= kSequenceLimit) return false;
  const bool hash_key = (header.flags & kFlagHashKey) != 0;
  const std::size_t payload_at = payload_offset(header.key_bytes, hash_key);
  if (header.length < payload_at) return false;
  const bool data = header.type == static_cast<std::uint8_t>(FrameType::kData);
  if (!data && (header.key_bytes != 0 || header.flags != 0))
    return false;  // marks have a body only, and of them only gaps
  const std::size_t body_bytes = header.length - payload_at;
  const bool gap = header.type == static_cast<std::uint8_t>(FrameType::kGap);
  return data || body_bytes == 0 || (gap && body_bytes >= kGapEndBytes);
}

}  // namespace

// The checksum is taken of the bytes where they come from. In the log they were stored a moment
// ago, mostly to memory that is not in the cache, and reading them back would wait for that; so the
// head is put together twice, once on the stack.
std::size_t write_frame(std::byte* to, const FrameContent& content, const FrameStamp& stamp,
                        FrameSeed seed) noexcept {
  const std::size_t payload_at = payload_offset(content.key.size(), content.hash_key != nullptr);
  const auto length = static_cast<std::uint32_t>(payload_at + content.payload.size());
  const std::size_t stride = frame_stride(length);
  assert(content.key.size() <= kKeyBytesMax && length <= kFrameLengthMax);

  alignas(kFrameAlignment) std::byte head[payload_offset(kKeyBytesMax, true)];
  store_head(head, content, stamp, payload_at);
  std::uint32_t crc = crc32c_extend(seed.crc, bytes_of(length));
  crc = crc32c_extend(crc, {head + kChecksummedFrom, payload_at - kChecksummedFrom});
  crc = crc32c_extend(crc, content.payload);

  store<std::uint64_t>(to + stride - kFrameAlignment, 0);  // the padding behind the payload
  store(to, std::uint64_t{length} | std::uint64_t{crc} << 32);
  store_head(to, content, stamp, payload_at);
  if (!content.payload.empty()) {
    std::memcpy(to + payload_at, content.payload.data(), content.payload.size());
  }
  return stride;
}

FrameCheck check_frame(Bytes bytes, FrameSeed seed, bool verify) noexcept {
  FrameCheck check;
  if (bytes.size() < kFrameHeaderBytes) {
    check.fault = FrameFault::kLength;
    return check;
  }
  const auto header = load<FrameHeader>(bytes.data());
  check.frame.header = header;
  if (header.length == 0) {
    check.fault = FrameFault::kNeverWritten;
    return check;
  }
  if (header.length < kFrameHeaderBytes || header.length > kFrameLengthMax ||
      header.length > bytes.size()) {
    check.fault = FrameFault::kLength;
    return check;
  }
  if (!header_is_sane(header)) {
    check.fault = FrameFault::kHeader;
    return check;
  }
  if (verify && frame_crc(bytes.data(), header.length, seed) != header.crc) {
    check.fault = FrameFault::kChecksum;
    return check;
  }
  const auto payload_at =
      static_cast<std::uint32_t>(payload_offset(header.key_bytes, check.frame.has_hash_key()));
  check.frame.payload_at = payload_at;
  check.frame.payload_bytes = header.length - payload_at;
  if (header.type == static_cast<std::uint8_t>(FrameType::kGap) &&
      !gap_ends_right(header, gap_end(bytes.data(), check.frame))) {
    check.fault = FrameFault::kHeader;
  }
  return check;
}

Sequence gap_end(const std::byte* at, const FrameView& frame) noexcept {
  if (frame.payload_bytes == 0) return {frame.header.sequence};
  return {load<std::uint64_t>(at + frame.payload_at)};
}

}  // namespace millrace
