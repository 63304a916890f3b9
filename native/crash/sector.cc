#include "crash/sector.h"

#include <algorithm>

namespace millrace::crash {

namespace {

constexpr std::size_t kWordBytes = 8;
constexpr Sector kZeros{};

}  // namespace

const Sector* SectorPool::add(const Sector& sector) {
  if (sector == kZeros) return nullptr;
  return &sectors_.emplace_back(sector);
}

const Sector* SectorPool::mixed(const Sector* first, const Sector* second,
                                std::uint64_t first_words) {
  Sector sector = content(second);
  for (std::size_t word = 0; word < kSectorBytes / kWordBytes; ++word) {
    if ((first_words >> word & 1) == 0) continue;
    const auto from = content(first).begin() + static_cast<std::ptrdiff_t>(word * kWordBytes);
    std::copy_n(from, kWordBytes, sector.begin() + static_cast<std::ptrdiff_t>(word * kWordBytes));
  }
  return add(sector);
}

const Sector& content(const Sector* sector) noexcept {
  return sector == nullptr ? kZeros : *sector;
}

}  // namespace millrace::crash
