#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/frame.h"
#include "core/log_page.h"

namespace millrace {

// Whether a header can be believed enough to walk on; its checksum is not looked at. `left` is what
// there is from its frame on.
[[nodiscard]] inline bool walkable(const FrameHeader& header, std::uint64_t left) noexcept {
  return header.length >= kFrameHeaderBytes && header.length <= kFrameLengthMax &&
         frame_stride(header.length) <= left;
}

// One page on its way to the caller.
struct PageFill {
  const PageLimits& limits;
  const PageBuffers& into;
  Page page;
  std::uint64_t used_bytes = 0;
  std::uint64_t payload_bytes = 0;
  bool full = false;
  // What the page takes with the next frame, when that did not fit: what was passed on the way to
  // it, a gap for one, took room, too.
  std::uint64_t lacking_bytes = 0;

  [[nodiscard]] std::size_t records_left() const noexcept {
    return std::min(limits.records, into.offsets.size()) - page.count;
  }
  // False when the record must wait for the next page.
  bool take(const FrameView& frame, std::uint64_t at) noexcept {
    const std::uint64_t size = std::uint64_t{frame.header.key_bytes} + frame.payload_bytes;
    const bool over = payload_bytes + size > limits.payload_bytes;
    if (records_left() == 0 || (page.count > 0 && over)) return false;
    std::uint32_t* words = into.columns.data() + page.count * column::kStride;
    words[column::kKeyAt] = static_cast<std::uint32_t>(at + frame.key_at);
    words[column::kKeyBytes] = frame.header.key_bytes;
    words[column::kDataAt] = static_cast<std::uint32_t>(at + frame.payload_at);
    words[column::kDataBytes] = frame.payload_bytes;
    words[column::kHashKeyAt] =
        frame.has_hash_key() ? static_cast<std::uint32_t>(at + frame.hash_key_at()) : kNoHashKey;
    words[column::kFlags] = frame.header.flags & (kFlagCompressed | kFlagKms);
    into.offsets[page.count] = static_cast<double>(frame.header.sequence);
    into.arrivals_ms[page.count] = static_cast<double>(frame.header.arrival_ms);
    payload_bytes += size;
    ++page.count;
    return true;
  }
};

}  // namespace millrace
