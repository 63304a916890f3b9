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
    return false;  // marks have a body only
  const bool gap = header.type == static_cast<std::uint8_t>(FrameType::kGap);
  return !gap || header.length - payload_at == sizeof(std::uint64_t);
}

}  // namespace

std::size_t write_frame(std::byte* to, const FrameContent& content, const FrameStamp& stamp,
                        FrameSeed seed) noexcept {
  const bool hash_key = content.hash_key != nullptr;
  const std::size_t payload_at = payload_offset(content.key.size(), hash_key);
  const std::size_t length = payload_at + content.payload.size();
  const std::size_t stride = frame_stride(static_cast<std::uint32_t>(length));
  assert(content.key.size() <= kKeyBytesMax && length <= kFrameLengthMax);

  // Zeros first where no field reaches: the gap before the payload and the padding behind it.
  store<std::uint64_t>(to + payload_at - kFrameAlignment, 0);
  const FrameHeader header{
      .length = static_cast<std::uint32_t>(length),
      .crc = 0,
      .sequence = stamp.sequence.value,
      .arrival_ms = stamp.arrival.ms,
      .epoch = stamp.epoch,
      .key_bytes = static_cast<std::uint16_t>(content.key.size()),
      .type = static_cast<std::uint8_t>(content.type),
      .flags = static_cast<std::uint8_t>(content.flags | (hash_key ? kFlagHashKey : 0)),
      .reserved = 0,
  };
  store(to, header);
  std::byte* at = to + kFrameHeaderBytes;
  if (!content.key.empty()) std::memcpy(at, content.key.data(), content.key.size());
  if (hash_key) std::memcpy(at + content.key.size(), content.hash_key, kHashKeyBytes);
  if (!content.payload.empty()) {
    std::memcpy(to + payload_at, content.payload.data(), content.payload.size());
  }
  std::memset(to + length, 0, stride - length);
  store(to + offsetof(FrameHeader, crc), frame_crc(to, header.length, seed));
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
  return check;
}

Sequence gap_end(const std::byte* at, const FrameView& frame) noexcept {
  return {load<std::uint64_t>(at + frame.payload_at)};
}

}  // namespace millrace
