#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/bytes.h"
#include "core/frame.h"
#include "core/result.h"
#include "core/units.h"

namespace millrace {

// Which log a file belongs to.
struct LogIdentity {
  std::array<std::byte, 16> uuid{};
  std::uint32_t shard = 0;
  auto operator<=>(const LogIdentity&) const = default;
};

inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint32_t kGridBytes = 16 * kKiB;  // one index slot for each
inline constexpr std::size_t kSummaryOffset = 0x1000;
inline constexpr std::size_t kSummarySlots = 256;
inline constexpr std::size_t kIndexOffset = 0x2000;
inline constexpr std::size_t kSealOffset = 0x200;
inline constexpr std::size_t kEpochsOffset = 0x400;
inline constexpr std::uint64_t kSegmentDataMin = 1 * kMiB;
inline constexpr std::uint64_t kSegmentDataMax = 1024 * kMiB;
// Sequence numbers of one segment span less than this: index slots keep the difference in 32 bits.
inline constexpr std::uint64_t kSegmentSequenceSpan = std::uint64_t{1} << 32;

// The first 512 bytes of a segment file, written once (docs/on-disk-format.md).
struct SegmentHeader {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t crc;  // of this structure with crc 0
  std::array<std::byte, 16> uuid;
  std::uint32_t shard;
  std::uint32_t ordinal;        // 0 for the log's first segment, +1 each
  std::uint64_t base_sequence;  // of the first frame; the file's name too
  std::uint64_t base_position;  // LogPosition of the first frame
  std::int64_t created_ms;
  std::uint64_t file_bytes;
  std::uint32_t data_offset;
  std::uint32_t grid_bytes;
  std::uint32_t index_slots;
  std::uint32_t reserved;
  std::uint64_t previous_sequence;   // last sequence number of the segment before, 0 for none
  std::int64_t previous_arrival_ms;  // arrival of that frame
  std::uint64_t salt;
  std::array<std::byte, 400> unused;
};
static_assert(sizeof(SegmentHeader) == 512);

// Why a segment was sealed. Values are on disk.
enum class SealReason : std::uint32_t {
  kSize = 1,
  kAge = 2,
  kClose = 3,
  kShardEnd = 4,
  kRecovery = 5
};

// The 512 bytes at kSealOffset: zeros until the segment is sealed.
struct SegmentSeal {
  std::array<char, 8> magic;
  std::uint32_t crc;  // of this structure with crc 0
  std::uint32_t reason;
  std::int64_t first_arrival_ms;
  std::int64_t last_arrival_ms;
  std::uint64_t last_sequence;
  std::uint64_t data_end;  // file offset behind the last frame that counts
  std::uint64_t records;   // data frames
  std::uint64_t payload_bytes;
  std::uint64_t epoch;
  std::uint32_t index_crc;  // of summary and index: [kSummaryOffset, data_offset)
  std::uint32_t reserved;
  std::array<std::byte, 432> unused;
};
static_assert(sizeof(SegmentSeal) == 512);

// One of the entries from kEpochsOffset to kSummaryOffset: a writer began here. Epoch 0 ends the
// list.
struct EpochStart {
  std::uint64_t epoch;
  std::uint64_t offset;  // file offset of the first frame it may have written
};
static_assert(sizeof(EpochStart) == 16);
inline constexpr std::size_t kEpochStartsMax =
    (kSummaryOffset - kEpochsOffset) / sizeof(EpochStart);

// What a new segment is to be.
struct SegmentPlan {
  LogIdentity identity;
  std::uint32_t ordinal = 0;
  Sequence base_sequence = kFirstSequence;
  LogPosition base_position;
  ArrivalTime created;
  std::uint64_t data_bytes = kSegmentDataMin;  // a multiple of kGridBytes
  Sequence previous_sequence;
  ArrivalTime previous_arrival;
  std::uint64_t salt = 0;
};

// Where the data of a segment with room for `data_bytes` begins.
[[nodiscard]] constexpr std::uint64_t data_offset_for(std::uint64_t data_bytes) noexcept {
  return align_up<std::uint64_t>(kIndexOffset + data_bytes / kGridBytes * 16, kPageBytes);
}

[[nodiscard]] SegmentHeader make_header(const SegmentPlan& plan) noexcept;
void set_crc(SegmentHeader& header) noexcept;
void set_crc(SegmentSeal& seal) noexcept;

// Whether these are a header of a later version, whole under its checksum: nothing that is damaged.
[[nodiscard]] bool is_newer_header(Bytes bytes) noexcept;

// Believes a header only if every field agrees with every other and with the file's real size.
// kNewerFormat for a later version, kCorrupt otherwise; `name` is for the message.
Result<SegmentHeader> parse_header(Bytes bytes, std::uint64_t file_bytes, const std::string& name);

// nullopt: not sealed, or the seal was torn (which reads the same). Never an error.
[[nodiscard]] std::optional<SegmentSeal> parse_seal(Bytes bytes,
                                                    const SegmentHeader& header) noexcept;

[[nodiscard]] FrameSeed seed_of(const SegmentHeader& header) noexcept;

// "00000000000000000001.seg": sorts as the sequence does.
[[nodiscard]] std::string segment_name(Sequence base);
// nullopt when `name` is not a segment's.
[[nodiscard]] std::optional<Sequence> parse_segment_name(const std::string& name) noexcept;

}  // namespace millrace
