#include "core/segment_header.h"

#include <charconv>
#include <cstdio>

#include "core/crc32c.h"

namespace millrace {

namespace {

constexpr std::array<char, 8> kHeaderMagic{'M', 'L', 'R', 'C', 'S', 'E', 'G', '1'};
constexpr std::array<char, 8> kSealMagic{'M', 'L', 'R', 'C', 'S', 'E', 'A', 'L'};
constexpr std::size_t kNameDigits = 20;

template <typename T>
std::uint32_t crc_without_itself(T value) noexcept {
  value.crc = 0;
  return crc32c(bytes_of(value));
}

bool geometry_agrees(const SegmentHeader& header, std::uint64_t file_bytes) noexcept {
  if (header.grid_bytes != kGridBytes || header.file_bytes != file_bytes) return false;
  const std::uint64_t data_bytes = std::uint64_t{header.index_slots} * kGridBytes;
  if (data_bytes < kSegmentDataMin || data_bytes > kSegmentDataMax) return false;
  return header.data_offset == data_offset_for(data_bytes) &&
         file_bytes == header.data_offset + data_bytes;
}

}  // namespace

SegmentHeader make_header(const SegmentPlan& plan) noexcept {
  SegmentHeader header{};
  header.magic = kHeaderMagic;
  header.version = kFormatVersion;
  header.uuid = plan.identity.uuid;
  header.shard = plan.identity.shard;
  header.ordinal = plan.ordinal;
  header.base_sequence = plan.base_sequence.value;
  header.base_position = plan.base_position.bytes;
  header.created_ms = plan.created.ms;
  header.data_offset = static_cast<std::uint32_t>(data_offset_for(plan.data_bytes));
  header.file_bytes = header.data_offset + plan.data_bytes;
  header.grid_bytes = kGridBytes;
  header.index_slots = static_cast<std::uint32_t>(plan.data_bytes / kGridBytes);
  header.previous_sequence = plan.previous_sequence.value;
  header.previous_arrival_ms = plan.previous_arrival.ms;
  header.salt = plan.salt;
  set_crc(header);
  return header;
}

void set_crc(SegmentHeader& header) noexcept { header.crc = crc_without_itself(header); }

void set_crc(SegmentSeal& seal) noexcept {
  seal.magic = kSealMagic;
  seal.crc = crc_without_itself(seal);
}

bool is_newer_header(Bytes bytes) noexcept {
  if (bytes.size() < sizeof(SegmentHeader)) return false;
  const auto header = load<SegmentHeader>(bytes.data());
  return header.magic == kHeaderMagic && header.version > kFormatVersion &&
         crc_without_itself(header) == header.crc;
}

Result<SegmentHeader> parse_header(Bytes bytes, std::uint64_t file_bytes, const std::string& name) {
  if (bytes.size() < sizeof(SegmentHeader)) {
    return Error{.code = Errc::kCorrupt, .message = name + ": too short for a segment header"};
  }
  const auto header = load<SegmentHeader>(bytes.data());
  if (header.magic != kHeaderMagic) {
    return Error{.code = Errc::kCorrupt, .message = name + ": not a segment (no magic number)"};
  }
  if (header.version > kFormatVersion && header.version < 0x10000) {
    return Error{.code = Errc::kNewerFormat,
                 .message = name + ": format version " + std::to_string(header.version) +
                            ", this build reads up to " + std::to_string(kFormatVersion)};
  }
  if (header.version != kFormatVersion || crc_without_itself(header) != header.crc) {
    return Error{.code = Errc::kCorrupt, .message = name + ": checksum of the header differs"};
  }
  if (!geometry_agrees(header, file_bytes)) {
    return Error{.code = Errc::kCorrupt,
                 .message = name + ": the file has " + std::to_string(file_bytes) +
                            " bytes, its header says " + std::to_string(header.file_bytes)};
  }
  if (header.previous_sequence + 1 != header.base_sequence) {
    return Error{.code = Errc::kCorrupt, .message = name + ": its header leaves out numbers"};
  }
  return header;
}

std::optional<SegmentSeal> parse_seal(Bytes bytes, const SegmentHeader& header) noexcept {
  if (bytes.size() < sizeof(SegmentSeal)) return std::nullopt;
  const auto seal = load<SegmentSeal>(bytes.data());
  if (seal.magic != kSealMagic || crc_without_itself(seal) != seal.crc) return std::nullopt;
  if (seal.data_end < header.data_offset || seal.data_end > header.file_bytes) return std::nullopt;
  return seal;
}

FrameSeed seed_of(const SegmentHeader& header) noexcept {
  std::uint32_t crc = crc32c(bytes_of(header.uuid));
  crc = crc32c_extend(crc, bytes_of(header.shard));
  crc = crc32c_extend(crc, bytes_of(header.base_sequence));
  return {crc32c_extend(crc, bytes_of(header.salt))};
}

std::string segment_name(Sequence base) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%020llu.seg",
                static_cast<unsigned long long>(base.value));
  return text.data();
}

std::optional<Sequence> parse_segment_name(const std::string& name) noexcept {
  if (name.size() != kNameDigits + 4 || name.compare(kNameDigits, 4, ".seg") != 0) return {};
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(name.data(), name.data() + kNameDigits, value);
  if (fault != std::errc{} || end != name.data() + kNameDigits) return {};
  return Sequence{value};
}

}  // namespace millrace
