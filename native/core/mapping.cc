#include "core/mapping.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "core/uninterrupted.h"

namespace millrace {
namespace {

struct PageRange {
  std::size_t begin;
  std::size_t bytes;
};

// The whole pages that [at, at + bytes) touches, cut at the end of the mapping.
PageRange pages_of(std::size_t at, std::size_t bytes, std::size_t mapping_bytes) noexcept {
  assert(at <= mapping_bytes && bytes <= mapping_bytes - at);
  const std::size_t begin = align_down(at, kPageBytes);
  const std::size_t end = std::min(align_up(at + bytes, kPageBytes), mapping_bytes);
  return {begin, end - begin};
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : env_(other.env_), kept_(std::move(other.kept_)), bytes_(std::exchange(other.bytes_, {})) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  if (this == &other) return *this;
  if (!bytes_.empty()) env_->unmap(bytes_);
  env_ = other.env_;
  kept_ = std::move(other.kept_);
  bytes_ = std::exchange(other.bytes_, {});
  return *this;
}

Mapping::~Mapping() {
  if (!bytes_.empty()) env_->unmap(bytes_);
}

Result<Mapping> Mapping::map(const File& file, FileOffset at, std::size_t bytes, MapMode mode) {
  assert(at.bytes % kPageBytes == 0 && bytes > 0);
  Result<std::uint64_t> file_bytes = file.bytes();
  if (!file_bytes) return std::move(file_bytes.error());
  if (*file_bytes < at.bytes || *file_bytes - at.bytes < bytes) {
    return Error{Errc::kCorrupt, 0,
                 file.path() + ": has " + std::to_string(*file_bytes) + " bytes, expected " +
                     std::to_string(bytes) + " from byte " + std::to_string(at.bytes),
                 *file_bytes};
  }
  Result<MutableBytes> mapped = file.env().map(file.id(), at, bytes, mode);
  if (!mapped) return std::move(mapped.error());
  return Mapping(file.env(), *mapped);
}

Result<void> Mapping::populate(std::size_t at, std::size_t bytes) const {
  const PageRange pages = pages_of(at, bytes, bytes_.size());
  if (pages.bytes == 0) return {};
  return uninterrupted([&] { return env_->populate(bytes_.subspan(pages.begin, pages.bytes)); });
}

Result<void> Mapping::sync(const File& file, std::size_t at, std::size_t bytes) const {
  const PageRange pages = pages_of(at, bytes, bytes_.size());
  if (pages.bytes == 0) return {};
  return uninterrupted([&] {
    return env_->sync_pages(file.id(), FileOffset{pages.begin},
                            bytes_.subspan(pages.begin, pages.bytes));
  });
}

Result<void> Mapping::residency(std::size_t at, std::size_t bytes,
                                std::span<std::uint8_t> resident) const {
  const PageRange pages = pages_of(at, bytes, bytes_.size());
  assert(pages.begin == at && resident.size() == (pages.bytes + kPageBytes - 1) / kPageBytes);
  return env_->residency(bytes_.subspan(pages.begin, pages.bytes), resident);
}

Result<void> Mapping::load(std::size_t at, std::size_t bytes) const {
  const PageRange pages = pages_of(at, bytes, bytes_.size());
  return uninterrupted([&] { return env_->load(bytes_.subspan(pages.begin, pages.bytes)); });
}

void Mapping::advise(std::size_t at, std::size_t bytes, AdviseMode mode) const noexcept {
  const PageRange pages = pages_of(at, bytes, bytes_.size());
  if (pages.bytes > 0) env_->advise(bytes_.subspan(pages.begin, pages.bytes), mode);
}

}  // namespace millrace
