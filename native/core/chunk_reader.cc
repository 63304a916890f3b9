#include "core/chunk_reader.h"

#include <algorithm>
#include <cstring>

namespace millrace {

namespace {

// Fits the cache of a core, so that what was read is still there when it is checked.
constexpr std::size_t kChunkBytes = 1 * kMiB;
constexpr std::size_t kBlockBytes = 4 * kKiB;

bool is_zero_block(const std::byte* block) noexcept {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBlockBytes; i += sizeof(seen)) {
    seen |= load<std::uint64_t>(block + i);
  }
  return seen == 0;
}

}  // namespace

Result<Bytes> ChunkReader::from(FileOffset at, std::size_t bytes_min) {
  const bool overlaps = at >= start_ && at.bytes - start_.bytes <= held_;
  const std::size_t skip = overlaps ? at.bytes - start_.bytes : held_;
  if (overlaps && held_ - skip >= bytes_min) { return Bytes(buffer_).subspan(skip, held_ - skip); }
  if (meter_.stopped()) return Error{.code = Errc::kClosed, .message = "the scan was stopped"};
  const std::size_t kept = held_ - skip;
  if (kept > 0) std::memmove(buffer_.data(), buffer_.data() + skip, kept);
  start_ = at;
  held_ = kept;
  const std::size_t wanted = std::max(bytes_min, kChunkBytes);
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  Result<std::size_t> count =
      file_.read_up_to(MutableBytes(buffer_).subspan(kept, wanted - kept), {at.bytes + kept});
  if (!count) return count.error();
  held_ += *count;
  const std::uint64_t end = at.bytes + held_;
  if (end > read_to_) meter_.advance(end - std::max(read_to_, at.bytes));
  read_to_ = std::max(read_to_, end);
  return Bytes(buffer_).first(held_);
}

std::size_t first_non_zero(Bytes bytes) noexcept {
  std::size_t at = 0;
  while (bytes.size() - at >= kBlockBytes && is_zero_block(bytes.data() + at)) at += kBlockBytes;
  while (at < bytes.size() && bytes[at] == std::byte{0}) ++at;
  return at;
}

Result<NonZero> find_non_zero(ChunkReader& reader, FileOffset from, FileOffset to) {
  NonZero found{to, to};
  while (from < to) {
    Result<Bytes> chunk = reader.from(from, 1);
    if (!chunk) return chunk.error();
    const Bytes bytes = chunk->first(std::min<std::uint64_t>(chunk->size(), to.bytes - from.bytes));
    if (bytes.empty()) break;
    if (const std::size_t first = first_non_zero(bytes); first < bytes.size()) {
      const auto last = std::find_if(bytes.rbegin(), bytes.rend(),
                                     [](std::byte byte) { return byte != std::byte{0}; });
      if (found.first == to) found.first = {from.bytes + first};
      found.end = {from.bytes + static_cast<std::uint64_t>(bytes.rend() - last)};
    }
    from.bytes += bytes.size();
  }
  return found;
}

}  // namespace millrace
