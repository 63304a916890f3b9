#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "core/bytes.h"

namespace millrace::crash {

// What a disk writes whole or not at all.
inline constexpr std::size_t kSectorBytes = 512;
using Sector = std::array<std::byte, kSectorBytes>;

// Contents of sectors, which many states of a disk share. A sector of zeros is nowhere: nullptr.
class SectorPool {
 public:
  const Sector* add(const Sector& sector);
  // The words of `first` whose bits are set, and those of `second` elsewhere. A word has 8 bytes.
  const Sector* mixed(const Sector* first, const Sector* second, std::uint64_t first_words);

 private:
  std::deque<Sector> sectors_;
};

// The content that a pointer of a pool stands for.
[[nodiscard]] const Sector& content(const Sector* sector) noexcept;

}  // namespace millrace::crash
