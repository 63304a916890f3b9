#if !defined(_WIN32)

#include "core/memory_file.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

#include "core/chunk_reader.h"
#include "core/posix_system.h"

namespace millrace {
namespace {

// Far above any store and far below where sums of offsets could overflow.
constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 44;

// Less is copied: sharing takes a descriptor, and an entry in the process's table of mappings.
constexpr std::uint64_t kSharedBytesMin = 256 * kKiB;

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
  (void)unshare(at.bytes, end);
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

void MemoryFile::take_image(std::span<const FileStretch> content, FileImage* into) {
  const std::unique_lock lock(mutex_);
  into->bytes = size_bytes_;
  for (const FileStretch& stretch : content) {
    const std::uint64_t end = std::min(stretch.end.bytes, size_bytes_);
    std::uint64_t at = std::min(stretch.begin.bytes, end);
    if (stretch.settled) {
      share(align_up(at, std::uint64_t{kPageBytes}), align_down(end, std::uint64_t{kPageBytes}));
    }
    for (const SharedStretch& shared : shared_) {
      if (!stretch.settled || shared.begin < at || shared.end() > end) continue;
      copy(at, shared.begin, into);
      into->shared.push_back(shared);
      at = shared.end();
    }
    copy(at, end, into);
  }
}

std::shared_ptr<MemoryFile> MemoryFile::of(const FileImage& image) {
  auto file = std::make_shared<MemoryFile>();
  if (file->resize(image.bytes) != 0) return nullptr;
  for (const SharedStretch& shared : image.shared) {
    if (!shared.pages->lay_over(file->pages_ + shared.begin)) return nullptr;
  }
  for (const FileImage::Copied& copied : image.copied) {
    std::memcpy(file->pages_ + copied.begin, copied.bytes.data(), copied.bytes.size());
  }
  file->shared_ = image.shared;
  file->is_patched_ = !image.shared.empty();
  return file;
}

// Sees to it that what lies between is shared, but for pieces that are small.
void MemoryFile::share(std::uint64_t begin, std::uint64_t end) {
  std::vector<SharedStretch> fresh;
  std::uint64_t at = begin;
  for (const SharedStretch& shared : shared_) {
    if (shared.begin >= end) break;
    if (shared.begin > at) share_piece(at, shared.begin, &fresh);
    at = std::max(at, shared.end());
  }
  if (at < end) share_piece(at, end, &fresh);
  if (fresh.empty()) return;
  shared_.insert(shared_.end(), fresh.begin(), fresh.end());
  std::ranges::sort(shared_, {}, &SharedStretch::begin);
}

void MemoryFile::share_piece(std::uint64_t begin, std::uint64_t end,
                             std::vector<SharedStretch>* fresh) {
  if (end - begin < kSharedBytesMin) return;
  const auto pages = SharedPages::of(Bytes(pages_ + begin, end - begin));
  // Who reads there meanwhile finds the same bytes before and after.
  if (pages == nullptr || !pages->lay_over(pages_ + begin)) return;
  is_patched_ = true;
  fresh->push_back({begin, pages});
}

// Without the zeros at its end.
void MemoryFile::copy(std::uint64_t begin, std::uint64_t end, FileImage* into) const {
  while (end > begin) {
    const std::uint64_t step = std::min<std::uint64_t>(end - begin, kPageBytes);
    if (first_non_zero(Bytes(pages_ + end - step, step)) < step) break;
    end -= step;
  }
  if (end == begin) return;
  into->copied.push_back({begin, std::vector<std::byte>(pages_ + begin, pages_ + end)});
}

bool MemoryFile::unshare(std::uint64_t begin, std::uint64_t end) noexcept {
  return std::erase_if(shared_, [&](const SharedStretch& shared) {
           return shared.begin < end && begin < shared.end();
         }) > 0;
}

int MemoryFile::grow_capacity(std::uint64_t bytes) noexcept {
  const std::uint64_t wanted = align_up(bytes, std::uint64_t{kPageBytes});
  if (is_patched_) return ENOMEM;  // no system moves it in one piece; segments do not grow
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
  // Fresh pages where others are laid over would be those again.
  if (is_patched_) {
    (void)unshare(begin, end);
    std::memset(pages_ + begin, 0, end - begin);
    return;
  }
  std::memset(pages_ + begin, 0, pages_begin - begin);
  if (pages_end > pages_begin) posix::zero_pages(pages_ + pages_begin, pages_end - pages_begin);
  std::memset(pages_ + pages_end, 0, end - pages_end);
}

}  // namespace millrace

#endif
