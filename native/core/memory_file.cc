#if !defined(_WIN32)

#include "core/memory_file.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

#include "core/posix_system.h"

namespace millrace {
namespace {

// Far above any store and far below where sums of offsets could overflow.
constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 44;

bool is_beyond_limit(std::uint64_t at, std::uint64_t bytes) noexcept {
  return at > kFileBytesMax || bytes > kFileBytesMax - at;
}

}  // namespace

MemoryFile::~MemoryFile() {
  if (pages_ != nullptr) posix::release_pages(pages_, capacity_bytes_);
}

std::size_t MemoryFile::read(MutableBytes into, FileOffset at) const noexcept {
  const std::shared_lock lock(mutex_);
  if (at.bytes >= size_bytes_) return 0;
  const std::size_t count = std::min<std::uint64_t>(into.size(), size_bytes_ - at.bytes);
  std::memcpy(into.data(), pages_ + at.bytes, count);
  return count;
}

int MemoryFile::write(Bytes from, FileOffset at) noexcept {
  if (from.empty()) return 0;
  if (is_beyond_limit(at.bytes, from.size())) return EFBIG;
  const std::unique_lock lock(mutex_);
  const std::uint64_t end = at.bytes + from.size();
  if (end > capacity_bytes_) {
    // A file written piece by piece doubles, so that it moves rarely.
    if (int failed = grow_capacity(std::max(end, 2 * capacity_bytes_)); failed != 0) return failed;
  }
  std::memcpy(pages_ + at.bytes, from.data(), from.size());
  size_bytes_ = std::max(size_bytes_, end);
  return 0;
}

int MemoryFile::resize(std::uint64_t bytes) noexcept {
  if (is_beyond_limit(0, bytes)) return EFBIG;
  const std::unique_lock lock(mutex_);
  if (bytes > capacity_bytes_) {
    if (int failed = grow_capacity(bytes); failed != 0) return failed;
  }
  if (bytes < size_bytes_) discard(bytes, size_bytes_);
  size_bytes_ = bytes;
  return 0;
}

int MemoryFile::reserve(FileOffset at, std::uint64_t bytes) noexcept {
  if (is_beyond_limit(at.bytes, bytes)) return EFBIG;
  const std::uint64_t end = at.bytes + bytes;
  const std::unique_lock lock(mutex_);
  if (end > capacity_bytes_) {
    if (int failed = grow_capacity(end); failed != 0) return failed;
  }
  size_bytes_ = std::max(size_bytes_, end);
  return 0;
}

void MemoryFile::punch(FileOffset at, std::uint64_t bytes) noexcept {
  const std::unique_lock lock(mutex_);
  if (at.bytes >= size_bytes_) return;
  discard(at.bytes, at.bytes + std::min(bytes, size_bytes_ - at.bytes));
}

std::uint64_t MemoryFile::bytes() const noexcept {
  const std::shared_lock lock(mutex_);
  return size_bytes_;
}

int MemoryFile::map(FileOffset at, std::size_t bytes, std::byte** address) noexcept {
  const std::unique_lock lock(mutex_);
  // Whole pages may be mapped, as with a real file.
  const std::uint64_t mappable_bytes = align_up(size_bytes_, std::uint64_t{kPageBytes});
  if (bytes == 0 || at.bytes % kPageBytes != 0 || at.bytes > mappable_bytes ||
      bytes > mappable_bytes - at.bytes) {
    return EINVAL;
  }
  ++mapping_count_;
  *address = pages_ + at.bytes;
  return 0;
}

void MemoryFile::unmap() noexcept {
  const std::unique_lock lock(mutex_);
  assert(mapping_count_ > 0);
  --mapping_count_;
}

int MemoryFile::lock(FileId owner) noexcept {
  const std::unique_lock lock(mutex_);
  if (lock_owner_ != FileId::kNone && lock_owner_ != owner) return EWOULDBLOCK;
  lock_owner_ = owner;
  return 0;
}

void MemoryFile::unlock(FileId owner) noexcept {
  const std::unique_lock lock(mutex_);
  if (lock_owner_ == owner) lock_owner_ = FileId::kNone;
}

bool MemoryFile::is_locked() const noexcept {
  const std::shared_lock lock(mutex_);
  return lock_owner_ != FileId::kNone;
}

int MemoryFile::grow_capacity(std::uint64_t bytes) noexcept {
  const std::uint64_t wanted = align_up(bytes, std::uint64_t{kPageBytes});
  std::byte* const grown = pages_ == nullptr ? posix::allocate_pages(wanted)
                                             : posix::grow_pages(pages_, capacity_bytes_, wanted,
                                                                 /*may_move=*/mapping_count_ == 0);
  if (grown == nullptr) return ENOMEM;
  pages_ = grown;
  capacity_bytes_ = wanted;
  return 0;
}

// Makes a range read as zeros and gives its whole pages back.
void MemoryFile::discard(std::uint64_t begin, std::uint64_t end) noexcept {
  const std::uint64_t pages_begin = std::min(align_up(begin, std::uint64_t{kPageBytes}), end);
  const std::uint64_t pages_end = std::max(align_down(end, std::uint64_t{kPageBytes}), pages_begin);
  std::memset(pages_ + begin, 0, pages_begin - begin);
  if (pages_end > pages_begin) posix::zero_pages(pages_ + pages_begin, pages_end - pages_begin);
  std::memset(pages_ + pages_end, 0, end - pages_end);
}

}  // namespace millrace

#endif
