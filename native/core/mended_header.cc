#include "core/mended_header.h"

#include <array>
#include <cstring>

namespace millrace {

namespace {

std::optional<SegmentHeader> header_in(Bytes block) {
  const std::uint64_t file_bytes = load<SegmentHeader>(block.data()).file_bytes;
  Result<SegmentHeader> header = parse_header(block, file_bytes, {});
  if (!header) return std::nullopt;
  return *header;
}

}  // namespace

std::optional<SegmentHeader> mend_header(Bytes block) {
  std::array<std::byte, sizeof(SegmentHeader)> bytes;
  if (block.size() < bytes.size()) return std::nullopt;
  std::memcpy(bytes.data(), block.data(), bytes.size());
  if (const auto whole = header_in(bytes)) return whole;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const std::byte mask = std::byte{1} << static_cast<int>(bit % 8);
    bytes[bit / 8] ^= mask;
    if (const auto mended = header_in(bytes)) return mended;
    bytes[bit / 8] ^= mask;
  }
  return std::nullopt;
}

}  // namespace millrace
