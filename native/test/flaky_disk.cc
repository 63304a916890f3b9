#include "test/flaky_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

#include "core/system_error.h"
#include "core/write_in_turn.h"
#include "test/test.h"

namespace millrace::test {

namespace {

constexpr std::uint64_t kWhole = std::numeric_limits<std::uint64_t>::max();

}  // namespace

FlakyDisk::~FlakyDisk() {
  expect_eq(open_.size(), 0u);
  expect_eq(mapped_.size(), 0u);
}

void FlakyDisk::plan(FailedSync failure) {
  const std::lock_guard guard(mutex_);
  plans_.push_back({std::move(failure), 0});
}

void FlakyDisk::clear() {
  const std::lock_guard guard(mutex_);
  plans_.clear();
}

std::uint64_t FlakyDisk::sync_count() const {
  const std::lock_guard guard(mutex_);
  return sync_count_;
}

std::uint64_t FlakyDisk::failed_count() const {
  const std::lock_guard guard(mutex_);
  return failed_count_;
}

std::size_t FlakyDisk::open_files() const {
  const std::lock_guard guard(mutex_);
  return open_.size();
}

std::size_t FlakyDisk::mappings() const {
  const std::lock_guard guard(mutex_);
  return mapped_.size();
}

std::shared_ptr<FlakyDisk::Inode> FlakyDisk::inode_of(const std::string& path, FileId opened) {
  std::shared_ptr<Inode>& inode = names_[path];
  if (!inode) {
    inode = std::make_shared<Inode>(base_, take(base_.open(path, OpenMode::kReadWrite)));
    inode->bytes = take(base_.file_bytes(opened));
  }
  return inode;
}

// Behind a call that may have changed the file's length.
void FlakyDisk::fit(Inode& inode) {
  const std::uint64_t before = std::exchange(inode.bytes, take(base_.file_bytes(inode.cache)));
  const std::size_t pages = align_up(inode.bytes, std::uint64_t{kPageBytes}) / kPageBytes;
  if (inode.bytes < before) {
    std::erase_if(inode.disk, [&](const auto& page) { return page.first >= pages; });
  }
}

void FlakyDisk::touch(Inode& inode, FileOffset at, std::uint64_t bytes) {
  for (std::uint64_t page = at.bytes / kPageBytes; page * kPageBytes < at.bytes + bytes; ++page) {
    inode.dirty_pages.insert(page);
    inode.touched_pages.insert(page);
  }
}

// The dirty pages that [from, to) touches are clean from here on, whatever became of them.
void FlakyDisk::make_clean(Inode& inode, std::uint64_t from, std::uint64_t to, Sync sync,
                           bool reverts) {
  auto dirty = inode.dirty_pages.lower_bound(from / kPageBytes);
  while (dirty != inode.dirty_pages.end() && *dirty * kPageBytes < to) {
    const std::size_t page = *dirty;
    dirty = inode.dirty_pages.erase(dirty);
    if (sync == Sync::kWrites || (sync == Sync::kLosesSome && random_.once_in(2))) {
      take(base_.pread(inode.cache, inode.disk[page], FileOffset{page * kPageBytes}));
    } else if (reverts) {
      revert(inode, page);
    }
  }
}

// The cache has of a page what the disk has.
void FlakyDisk::revert(Inode& inode, std::size_t page) {
  const std::uint64_t at = page * kPageBytes;
  if (at >= inode.bytes) return;
  static constexpr Page kZeros{};
  const auto known = inode.disk.find(page);
  const Bytes disk(known == inode.disk.end() ? kZeros : known->second);
  const std::size_t bytes = std::min<std::uint64_t>(kPageBytes, inode.bytes - at);
  take(base_.pwrite(inode.cache, disk.first(bytes), FileOffset{at}));
}

std::uint64_t FlakyDisk::known_at_opening(const Inode& inode) noexcept {
  return inode.is_told ? inode.failures : 0;
}

void FlakyDisk::fail(Inode& inode, int sys_errno, bool told) noexcept {
  ++inode.failures;
  inode.failure_errno = sys_errno;
  inode.is_told = told;
}

// `failures_known`: by the open file, or mapping, that is synced.
Result<void> FlakyDisk::sync(FileId file, std::uint64_t& failures_known, std::uint64_t from,
                             std::uint64_t to) {
  const OpenFile& opened = open_.at(file);
  Inode& inode = *opened.inode;
  ++sync_count_;
  const FailedSync* decided = nullptr;
  for (auto& [failure, matched] : plans_) {
    if (opened.path.find(failure.path_part) == std::string::npos) continue;
    ++matched;
    const bool due = matched == failure.nth || (failure.for_ever && matched > failure.nth);
    if (due && decided == nullptr) decided = &failure;
  }
  if (decided == nullptr) {
    make_clean(inode, from, to, Sync::kWrites, false);
    if (std::exchange(failures_known, inode.failures) == inode.failures) return {};
    inode.is_told = true;
    ++failed_count_;
    return system_error("fdatasync", opened.path, inode.failure_errno);
  }
  ++failed_count_;
  const Sync lost = decided->some_written ? Sync::kLosesSome : Sync::kLosesAll;
  make_clean(inode, from, to, lost, decided->cache_reverts);
  fail(inode, decided->sys_errno, /*told=*/true);
  failures_known = inode.failures;
  return system_error("fdatasync", opened.path, decided->sys_errno);
}

std::set<std::shared_ptr<FlakyDisk::Inode>> FlakyDisk::all_inodes() const {
  std::set<std::shared_ptr<Inode>> inodes;
  for (const auto& [path, inode] : names_) inodes.insert(inode);
  for (const auto& [id, opened] : open_) inodes.insert(opened.inode);
  for (const auto& [address, mapped] : mapped_) inodes.insert(mapped.inode);
  return inodes;
}

void FlakyDisk::lose_write_back(const std::string& path_part, bool told) {
  const std::lock_guard guard(mutex_);
  for (const auto& [path, inode] : names_) {
    if (path.find(path_part) == std::string::npos) continue;
    make_clean(*inode, 0, kWhole, Sync::kLosesAll, false);
    fail(*inode, EIO, told);
  }
}

void FlakyDisk::forget(Inode& inode, bool dirty_too) {
  if (dirty_too) inode.dirty_pages.clear();
  for (const std::size_t page : inode.touched_pages) {
    if (!inode.dirty_pages.contains(page)) revert(inode, page);
  }
  inode.touched_pages = inode.dirty_pages;
}

void FlakyDisk::drop_cache() {
  const std::lock_guard guard(mutex_);
  for (const std::shared_ptr<Inode>& inode : all_inodes()) forget(*inode, /*dirty_too=*/false);
  is_cold_ = true;
}

void FlakyDisk::crash() {
  const std::lock_guard guard(mutex_);
  expect_eq(open_.size(), 0u);
  for (const std::shared_ptr<Inode>& inode : all_inodes()) forget(*inode, /*dirty_too=*/true);
  ++boots_;
}

Result<FileId> FlakyDisk::open(const std::string& path, OpenMode mode) {
  const std::lock_guard guard(mutex_);
  Result<FileId> opened = base_.open(path, mode);
  if (!opened) return opened;
  std::shared_ptr<Inode> inode = inode_of(path, *opened);
  fit(*inode);
  const std::uint64_t known = known_at_opening(*inode);
  open_[*opened] = {std::move(inode), path, mode == OpenMode::kReadDevice, known};
  return opened;
}

void FlakyDisk::close(FileId file) noexcept {
  const std::lock_guard guard(mutex_);
  open_.erase(file);
  base_.close(file);
}

// What the cache has still to write goes before what is read past it.
Result<std::size_t> FlakyDisk::pread(FileId file, MutableBytes into, FileOffset at) {
  const std::lock_guard guard(mutex_);
  const OpenFile& opened = open_.at(file);
  if (!opened.reads_device) return base_.pread(file, into, at);
  Inode& inode = *opened.inode;
  // Once a read was cut short on purpose, what is left of it is no page any more.
  if (into.size() % kPageBytes == 0) {
    expect_eq(at.bytes % kPageBytes, 0u);
    expect_eq(reinterpret_cast<std::uintptr_t>(into.data()) % kPageBytes, 0u);
  }
  make_clean(inode, at.bytes, at.bytes + into.size(), Sync::kWrites, false);
  if (at.bytes >= inode.bytes) return std::size_t{0};
  const std::size_t bytes = std::min<std::uint64_t>(into.size(), inode.bytes - at.bytes);
  for (std::size_t done = 0; done < bytes;) {
    const std::uint64_t from = at.bytes + done;
    const std::size_t part = std::min<std::size_t>(bytes - done, kPageBytes - from % kPageBytes);
    const auto page = inode.disk.find(from / kPageBytes);
    const MutableBytes to = into.subspan(done, part);
    std::ranges::fill(to, std::byte{0});
    if (page != inode.disk.end()) {
      std::memcpy(to.data(), page->second.data() + from % kPageBytes, part);
    }
    done += part;
  }
  return bytes;
}

Result<std::size_t> FlakyDisk::pwrite(FileId file, Bytes from, FileOffset at) {
  return pwritev(file, std::span(&from, 1), at);
}

Result<std::size_t> FlakyDisk::pwritev(FileId file, std::span<const Bytes> from, FileOffset at) {
  const std::lock_guard guard(mutex_);
  Result<std::size_t> written = base_.pwritev(file, from, at);
  Inode& inode = *open_.at(file).inode;
  fit(inode);
  if (written) touch(inode, at, *written);
  return written;
}

Result<void> FlakyDisk::resize(FileId file, std::uint64_t bytes) {
  const std::lock_guard guard(mutex_);
  Result<void> resized = base_.resize(file, bytes);
  fit(*open_.at(file).inode);
  return resized;
}

Result<void> FlakyDisk::reserve(FileId file, FileOffset at, std::uint64_t bytes) {
  const std::lock_guard guard(mutex_);
  Result<void> reserved = base_.reserve(file, at, bytes);
  fit(*open_.at(file).inode);
  return reserved;
}

Result<void> FlakyDisk::punch(FileId file, FileOffset at, std::uint64_t bytes) {
  const std::lock_guard guard(mutex_);
  Result<void> punched = base_.punch(file, at, bytes);
  Inode& inode = *open_.at(file).inode;
  if (!punched || at.bytes >= inode.bytes) return punched;
  const std::uint64_t end = at.bytes + std::min<std::uint64_t>(bytes, inode.bytes - at.bytes);
  for (auto& [page, content] : inode.disk) {
    const std::uint64_t page_at = page * kPageBytes;
    const std::uint64_t from = std::clamp(at.bytes, page_at, page_at + kPageBytes) - page_at;
    const std::uint64_t to = std::clamp(end, page_at, page_at + kPageBytes) - page_at;
    std::memset(content.data() + from, 0, to - from);
  }
  return punched;
}

Result<void> FlakyDisk::sync_data(FileId file) {
  const std::lock_guard guard(mutex_);
  return sync(file, open_.at(file).failures_known, 0, kWhole);
}

Result<void> FlakyDisk::sync_pages(FileId file, FileOffset at, Bytes pages) {
  const std::lock_guard guard(mutex_);
  Mapped& mapped = std::prev(mapped_.upper_bound(pages.data()))->second;
  return sync(file, mapped.failures_known, at.bytes, at.bytes + pages.size());
}

Result<void> FlakyDisk::write_durably(std::span<const DurableWrite> writes) {
  return write_in_turn(*this, writes);
}

Result<void> FlakyDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard guard(mutex_);
  Result<void> renamed = base_.rename(from, to);
  if (!renamed) return renamed;
  const std::string inside = from + "/";
  std::map<std::string, std::shared_ptr<Inode>> moved;
  for (auto name = names_.begin(); name != names_.end();) {
    if (name->first != from && !name->first.starts_with(inside)) {
      ++name;
      continue;
    }
    moved[to + name->first.substr(from.size())] = std::move(name->second);
    name = names_.erase(name);
  }
  for (auto& [path, inode] : moved) names_[path] = std::move(inode);
  return renamed;
}

Result<void> FlakyDisk::unlink(const std::string& path) {
  const std::lock_guard guard(mutex_);
  Result<void> unlinked = base_.unlink(path);
  if (unlinked) names_.erase(path);
  return unlinked;
}

Result<MutableBytes> FlakyDisk::map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) {
  const std::lock_guard guard(mutex_);
  Result<MutableBytes> mapped = base_.map(file, at, bytes, mode);
  const OpenFile& open = open_.at(file);
  if (mapped) mapped_.emplace(mapped->data(), Mapped{open.inode, at, open.failures_known});
  return mapped;
}

void FlakyDisk::unmap(MutableBytes mapping) noexcept {
  const std::lock_guard guard(mutex_);
  mapped_.erase(mapped_.find(mapping.data()));
  base_.unmap(mapping);
}

// The system makes such pages dirty, whether or not they are stored to.
Result<void> FlakyDisk::populate(MutableBytes pages) {
  const std::lock_guard guard(mutex_);
  Result<void> populated = base_.populate(pages);
  if (populated) touch_mapped(pages);
  return populated;
}

void FlakyDisk::stored(Bytes range) noexcept {
  const std::lock_guard guard(mutex_);
  touch_mapped(range);
}

void FlakyDisk::touch_mapped(Bytes range) {
  const auto& [address, mapped] = *std::prev(mapped_.upper_bound(range.data()));
  const auto offset = static_cast<std::uint64_t>(range.data() - address);
  touch(*mapped.inode, FileOffset{mapped.at.bytes + offset}, range.size());
}

Result<void> FlakyDisk::residency(Bytes, std::span<std::uint8_t> resident) {
  const std::lock_guard guard(mutex_);
  std::ranges::fill(resident, static_cast<std::uint8_t>(is_cold_ ? 0 : 1));
  return {};
}

Result<void> FlakyDisk::load(Bytes) {
  const std::lock_guard guard(mutex_);
  is_cold_ = false;
  return {};
}

Result<std::string> FlakyDisk::boot_id() {
  const std::lock_guard guard(mutex_);
  return std::string(16, static_cast<char>('a' + boots_));
}

}  // namespace millrace::test
