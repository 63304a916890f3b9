#include "crash/file_history.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "crash/survivors.h"

namespace millrace::crash {

namespace {

// Sectors behind the end are not there, and the rest of the last one is zeros.
void clip(FileImage& image) {
  auto& sectors = image.sectors;
  while (!sectors.empty() && sectors.back().first * kSectorBytes >= image.bytes) sectors.pop_back();
}

}  // namespace

const Sector* FileHistory::newest(std::uint64_t number) const noexcept {
  const auto found = sectors_.find(number);
  return found == sectors_.end() ? nullptr : found->second.newest();
}

void FileHistory::change(std::size_t call, std::uint64_t number, const Sector* to, bool stored) {
  History& history = sectors_[number];
  const bool rewritten = !history.since.empty() && history.since.back().forgotten;
  if (!rewritten && content(history.newest()) == content(to)) {
    if (history.since.empty() && history.durable == nullptr) sectors_.erase(number);
    return;
  }
  history.since.push_back({.call = call, .bytes = to, .stored = stored});
}

void FileHistory::write(std::size_t call, FileOffset at, Bytes bytes, bool stored,
                        SectorPool& pool) {
  for (std::uint64_t done = 0; done < bytes.size();) {
    const std::uint64_t number = (at.bytes + done) / kSectorBytes;
    const std::uint64_t inside = (at.bytes + done) % kSectorBytes;
    const std::uint64_t count = std::min(kSectorBytes - inside, bytes.size() - done);
    Sector sector = content(newest(number));
    std::memcpy(sector.data() + inside, bytes.data() + done, count);
    change(call, number, pool.add(sector), stored);
    done += count;
  }
  const std::uint64_t end = at.bytes + bytes.size();
  if (end > this->bytes()) sizes_.push_back({call, end});
}

void FileHistory::resize(std::size_t call, std::uint64_t bytes, SectorPool& pool) {
  if (bytes < this->bytes()) punch(call, {bytes}, this->bytes() - bytes, pool);
  if (bytes != this->bytes()) sizes_.push_back({call, bytes});
}

void FileHistory::reserve(std::size_t call, std::uint64_t end) {
  if (end > bytes()) sizes_.push_back({call, end});
}

void FileHistory::punch(std::size_t call, FileOffset at, std::uint64_t bytes, SectorPool& pool) {
  std::vector<std::uint64_t> numbers;
  for_range(at, bytes, [&](std::uint64_t number, History&) { numbers.push_back(number); });
  for (const std::uint64_t number : numbers) {
    Sector sector = content(newest(number));
    const std::uint64_t start = number * kSectorBytes;
    const std::uint64_t from = std::max(start, at.bytes) - start;
    const std::uint64_t to = std::min(start + kSectorBytes, at.bytes + bytes) - start;
    std::memset(sector.data() + from, 0, to - from);
    change(call, number, pool.add(sector), false);
  }
}

void FileHistory::cut(std::size_t call) {
  auto before = std::make_shared<const FileHistory>(std::move(*this));
  *this = {};
  before_cut_ = std::move(before);
  cut_call_ = call;
}

// Calls `change` with each sector of the range that has a history. 0 bytes: with every one.
template <typename Change>
void FileHistory::for_range(FileOffset at, std::uint64_t bytes, Change change) {
  constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t end = bytes == 0 ? kNoEnd : at.bytes + bytes;
  for (auto it = sectors_.lower_bound(at.bytes / kSectorBytes); it != sectors_.end(); ++it) {
    if (bytes != 0 && it->first * kSectorBytes >= end) break;
    change(it->first, it->second);
  }
}

void FileHistory::sync(FileOffset at, std::uint64_t bytes) {
  std::vector<std::uint64_t> zeros;
  for_range(at, bytes, [&](std::uint64_t number, History& history) {
    if (!history.since.empty() && history.since.back().forgotten) return;
    history.durable = history.newest();
    history.since.clear();
    if (history.durable == nullptr) zeros.push_back(number);
  });
  for (const std::uint64_t number : zeros) sectors_.erase(number);
  durable_bytes_ = this->bytes();
  sizes_.clear();
  before_cut_ = nullptr;
}

void FileHistory::fail_sync(FileOffset at, std::uint64_t bytes) {
  for_range(at, bytes, [](std::uint64_t, History& history) {
    if (!history.since.empty()) history.since.back().forgotten = true;
  });
}

std::uint64_t FileHistory::bytes() const noexcept {
  return sizes_.empty() ? durable_bytes_ : sizes_.back().bytes;
}

std::size_t FileHistory::unsure_sectors() const noexcept {
  const auto unsure = std::ranges::count_if(
      sectors_, [](const auto& sector) { return !sector.second.since.empty(); });
  return static_cast<std::size_t>(unsure);
}

void FileHistory::collect_calls(std::vector<std::size_t>& calls) const {
  for (const auto& [number, history] : sectors_) {
    for (const SectorVersion& version : history.since) calls.push_back(version.call);
  }
  for (const SizeVersion& size : sizes_) calls.push_back(size.call);
  if (before_cut_ != nullptr) calls.push_back(cut_call_);
}

FileImage FileHistory::newest() const {
  FileImage image{.bytes = bytes(), .sectors = {}};
  for (const auto& [number, history] : sectors_) {
    const Sector* const sector = history.newest();
    if (sector != nullptr) image.sectors.emplace_back(number, sector);
  }
  clip(image);
  return image;
}

FileImage FileHistory::surviving(Survivors& survivors) const {
  if (before_cut_ != nullptr && !survivors.keeps(cut_call_)) {
    return before_cut_->surviving(survivors);
  }
  FileImage image{.bytes = durable_bytes_, .sectors = {}};
  if (!sizes_.empty()) image.bytes = survivors.size(durable_bytes_, sizes_);
  for (const auto& [number, history] : sectors_) {
    const Sector* const sector =
        history.since.empty() ? history.durable : survivors.sector(history.durable, history.since);
    if (sector != nullptr) image.sectors.emplace_back(number, sector);
  }
  clip(image);
  return image;
}

}  // namespace millrace::crash
