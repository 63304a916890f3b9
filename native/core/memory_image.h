#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/shared_pages.h"
#include "core/units.h"

namespace millrace {

// A part of a file that holds something. What is settled is stored to through no mapping any more.
struct FileStretch {
  FileOffset begin;
  FileOffset end;
  bool settled = false;
};

// What files hold: their stretches, in order, zeros between and behind them. By path from the root,
// without a slash in front. A file that is not listed may hold something everywhere.
using FileContents = std::map<std::string, std::vector<FileStretch>>;

// Pages of a file that are mapped from elsewhere.
struct SharedStretch {
  std::uint64_t begin = 0;
  std::shared_ptr<const SharedPages> pages;

  [[nodiscard]] std::uint64_t end() const noexcept { return begin + pages->bytes(); }
};

// One file of a MemoryImage: zeros but for these, which do not overlap.
struct FileImage {
  struct Copied {
    std::uint64_t begin = 0;
    std::vector<std::byte> bytes;
  };

  std::uint64_t bytes = 0;
  std::vector<SharedStretch> shared;  // in order
  std::vector<Copied> copied;
};

// What an EnvMemory held at one moment. Never changes.
struct MemoryImage {
  std::array<std::byte, 16> boot_id{};
  std::vector<std::string> directories;  // each behind the one that holds it
  std::map<std::string, FileImage> files;
};

}  // namespace millrace
