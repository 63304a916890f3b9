#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"
#include "core/units.h"

namespace millrace {

// What a frame is. Values are on disk: never change one.
enum class FrameType : std::uint8_t {
  kData = 1,
  kPad = 2,       // the segment ends here, the next one goes on
  kGap = 3,       // the sequence numbers from `sequence` to gap_end() hold nothing
  kShardEnd = 4,  // the log is sealed; nothing follows
};

// Bits of FrameHeader::flags. Values are on disk.
inline constexpr std::uint8_t kFlagHashKey = 1;     // 16 bytes of explicit hash key follow the key
inline constexpr std::uint8_t kFlagCompressed = 2;  // the payload is compressed
inline constexpr std::uint8_t kFlagKms = 4;         // the record's encryption type is KMS
inline constexpr std::uint8_t kFlagsKnown = 7;

// The head of every frame, on disk byte for byte (docs/on-disk-format.md). Frames start at
// multiples of 8. Behind it: key, explicit hash key if flagged, zeros to a multiple of 8, payload,
// zeros to a multiple of 8.
struct FrameHeader {
  std::uint32_t length;     // header to end of payload, without the last padding; 0: never written
  std::uint32_t crc;        // of length and of bytes [8, length), seeded with FrameSeed
  std::uint64_t sequence;   // +1 from frame to frame, but for gaps
  std::int64_t arrival_ms;  // never less than in the frame before
  std::uint16_t epoch;      // low bits of the writer epoch; never goes back (serial arithmetic)
  std::uint16_t key_bytes;  // UTF-8
  std::uint8_t type;        // FrameType
  std::uint8_t flags;       // kFlag…
  std::uint16_t reserved;   // 0
};
static_assert(sizeof(FrameHeader) == 32);

[[nodiscard]] inline bool is_typed(const FrameHeader& header, FrameType type) noexcept {
  return header.type == static_cast<std::uint8_t>(type);
}

inline constexpr std::size_t kFrameHeaderBytes = sizeof(FrameHeader);
inline constexpr std::size_t kFrameAlignment = 8;
inline constexpr std::size_t kHashKeyBytes = 16;
inline constexpr std::size_t kKeyBytesMax = 1024;
// Key and payload of one record together: 10 MiB, and the longest key on top.
inline constexpr std::size_t kRecordBytesMax = 10 * kMiB + kKeyBytesMax;

// Initial value of every frame checksum of one segment, so that a whole frame in a wrong segment
// does not pass.
struct FrameSeed {
  std::uint32_t crc = 0;
};

// One record, or one mark, on its way into a frame. Borrows its bytes.
struct FrameContent {
  FrameType type = FrameType::kData;
  std::uint8_t flags = 0;  // kFlagHashKey is set by `hash_key` being there, not here
  Bytes key;
  const std::byte* hash_key = nullptr;  // kHashKeyBytes of them, or none
  Bytes payload;
};

// When and by whom a frame is written. The two numbers of 8 bytes are kept apart: side by side a
// compiler loads them in one piece, and that load waits for the caller's two stores to leave the
// processor, for every frame.
struct FrameStamp {
  Sequence sequence;
  std::uint16_t epoch = 0;
  ArrivalTime arrival;
};

// Where the payload starts, counted from the start of the frame.
[[nodiscard]] constexpr std::size_t payload_offset(std::size_t key_bytes, bool hash_key) noexcept {
  return align_up(kFrameHeaderBytes + key_bytes + (hash_key ? kHashKeyBytes : 0), kFrameAlignment);
}

// FrameHeader::length of a frame with this content.
[[nodiscard]] constexpr std::size_t frame_length(std::size_t key_bytes, bool hash_key,
                                                 std::size_t payload_bytes) noexcept {
  return payload_offset(key_bytes, hash_key) + payload_bytes;
}

// Bytes that a frame of this length takes in the log.
[[nodiscard]] constexpr std::uint64_t frame_stride(std::uint32_t length) noexcept {
  return align_up<std::uint64_t>(length, kFrameAlignment);
}

// No frame is longer: what claims to be is damage.
inline constexpr std::size_t kFrameLengthMax =
    frame_length(kKeyBytesMax, true, kRecordBytesMax) + kFrameAlignment;

// Writes a whole frame, padding included, at `to`; answers its stride. The caller has checked that
// frame_stride() bytes fit.
std::size_t write_frame(std::byte* to, const FrameContent& content, const FrameStamp& stamp,
                        FrameSeed seed) noexcept;

// Frames keep 16 bits of the count of writers, compared as a circle: one so far ahead of another
// cannot be told from one before it.
inline constexpr std::uint64_t kWriterLeadMax = 0x8000;

// True when epoch `b` is the same as or later than `a`; the 16 bits wrap.
[[nodiscard]] constexpr bool epoch_follows(std::uint16_t a, std::uint16_t b) noexcept {
  return static_cast<std::uint16_t>(b - a) < kWriterLeadMax;
}

// A frame found in bytes. Offsets count from the start of the frame.
struct FrameView {
  FrameHeader header;
  std::uint32_t key_at = kFrameHeaderBytes;
  std::uint32_t payload_at = 0;
  std::uint32_t payload_bytes = 0;
  [[nodiscard]] bool has_hash_key() const noexcept { return (header.flags & kFlagHashKey) != 0; }
  [[nodiscard]] std::uint32_t hash_key_at() const noexcept { return key_at + header.key_bytes; }
};

enum class FrameFault : std::uint8_t {
  kNone,
  kNeverWritten,  // length 0: the end of what was written
  kLength,        // longer than a frame can be, or than the bytes there are
  kHeader,        // type, flags, key length, reserved bits or a gap's end make no sense
  kChecksum,
};

struct FrameCheck {
  FrameFault fault = FrameFault::kNone;
  FrameView frame;
};

// Reads the frame at the start of `bytes` without trusting any of it. `verify` false skips the
// checksum only.
[[nodiscard]] FrameCheck check_frame(Bytes bytes, FrameSeed seed, bool verify = true) noexcept;

// A gap's body says where it ends, in its first bytes; zeros behind them take what room there is,
// so that a gap can lie where records were (docs/decisions/0022). Without a body it covers one
// number.
inline constexpr std::size_t kGapEndBytes = sizeof(std::uint64_t);

// Last sequence number that a gap frame covers; `frame` starts at `at`.
[[nodiscard]] Sequence gap_end(const std::byte* at, const FrameView& frame) noexcept;

// Whether it can be that: an end beyond all numbers would hide every record behind it.
[[nodiscard]] constexpr bool gap_ends_right(const FrameHeader& gap, Sequence end) noexcept {
  return end.value >= gap.sequence && end.value < kSequenceLimit;
}

}  // namespace millrace
