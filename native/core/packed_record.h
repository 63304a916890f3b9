#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/frame.h"
#include "core/log_options.h"
#include "core/log_page.h"

namespace millrace {

// The part of `order` that a caller names. nullopt unless it lies inside, and names only records
// that there are slots for.
[[nodiscard]] inline std::optional<std::span<const std::uint32_t>> part_of_order(
    std::span<const std::uint32_t> order, std::uint64_t from, std::uint64_t count,
    std::size_t slots) noexcept {
  if (from > order.size() || count > order.size() - from) return std::nullopt;
  const std::span<const std::uint32_t> part = order.subspan(from, count);
  const auto is_outside = [=](std::uint32_t index) { return index >= slots; };
  if (std::ranges::any_of(part, is_outside)) return std::nullopt;
  return part;
}

// One record of a PackedBatch, seen through its columns.
class PackedRecord {
 public:
  PackedRecord(const PackedBatch& batch, std::uint32_t index) noexcept
      : batch_(batch), words_(batch.columns.data() + std::size_t{index} * column::kStride) {}

  // Whether every position of the record lies inside the batch and every length within the limits.
  // The other methods may only be used on records that fit.
  [[nodiscard]] static bool fits(const PackedBatch& batch, std::uint32_t index) noexcept {
    if (batch.columns.size() / column::kStride <= index) return false;
    const PackedRecord record(batch, index);
    const std::size_t size = batch.bytes.size();
    const auto inside = [size](std::uint32_t at, std::size_t bytes) {
      return at <= size && size - at >= bytes;
    };
    return record.word(column::kKeyBytes) <= kKeyBytesMax &&
           record.word(column::kDataBytes) <= kRecordBytesMax - record.word(column::kKeyBytes) &&
           (record.word(column::kFlags) & ~std::uint32_t{kFlagCompressed | kFlagKms}) == 0 &&
           inside(record.word(column::kKeyAt), record.word(column::kKeyBytes)) &&
           inside(record.word(column::kDataAt), record.word(column::kDataBytes)) &&
           (!record.has_hash_key() || inside(record.word(column::kHashKeyAt), kHashKeyBytes));
  }

  [[nodiscard]] std::uint64_t stride() const noexcept {
    const std::size_t length =
        frame_length(word(column::kKeyBytes), has_hash_key(), word(column::kDataBytes));
    return frame_stride(static_cast<std::uint32_t>(length));
  }

  [[nodiscard]] FrameContent content() const noexcept {
    return {.type = FrameType::kData,
            .flags = static_cast<std::uint8_t>(word(column::kFlags)),
            .key = batch_.bytes.subspan(word(column::kKeyAt), word(column::kKeyBytes)),
            .hash_key = has_hash_key() ? batch_.bytes.data() + word(column::kHashKeyAt) : nullptr,
            .payload = batch_.bytes.subspan(word(column::kDataAt), word(column::kDataBytes))};
  }

 private:
  [[nodiscard]] std::uint32_t word(std::size_t which) const noexcept { return words_[which]; }
  [[nodiscard]] bool has_hash_key() const noexcept {
    return word(column::kHashKeyAt) != kNoHashKey;
  }

  const PackedBatch& batch_;
  const std::uint32_t* words_;
};

}  // namespace millrace
