#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/units.h"
#include "crash/sector.h"

namespace millrace::crash {

class Survivors;

// What a sector held once a call had changed it.
struct SectorVersion {
  std::size_t call = 0;  // its number in the journal
  const Sector* bytes = nullptr;
  bool stored = false;  // through a mapping: the disk may have caught it half changed
  bool forgotten =
      false;  // a sync failed since: the system takes it for written, and it may not be
};

struct SizeVersion {
  std::size_t call = 0;
  std::uint64_t bytes = 0;
};

// What one file holds in one state of the disk.
struct FileImage {
  std::uint64_t bytes = 0;
  std::vector<std::pair<std::uint64_t, const Sector*>> sectors;  // by number; others are zeros
};

// Everything that a file may hold on the disk: of each sector what is surely there, and every
// version since, each of which may have reached it by itself. A copy shares the pool's sectors.
class FileHistory {
 public:
  // Each call is numbered; a change that changes no byte leaves no version.
  void write(std::size_t call, FileOffset at, Bytes bytes, bool stored, SectorPool& pool);
  void resize(std::size_t call, std::uint64_t bytes, SectorPool& pool);
  void reserve(std::size_t call, std::uint64_t end);
  void punch(std::size_t call, FileOffset at, std::uint64_t bytes, SectorPool& pool);
  // Cut to nothing, as by opening it so. What is written afterwards is on the disk only if the cut
  // is: the blocks are others.
  void cut(std::size_t call);
  // Sectors that the range touches are on the disk now, and the length; `bytes` 0 is all of them.
  void sync(FileOffset at, std::uint64_t bytes);
  // A sync of them failed. No later one covers what is written now, unless it is written again.
  void fail_sync(FileOffset at, std::uint64_t bytes);

  [[nodiscard]] std::uint64_t bytes() const noexcept;
  // Sectors of which the disk may hold another version than the newest.
  [[nodiscard]] std::size_t unsure_sectors() const noexcept;
  // Calls whose changes are not surely on the disk.
  void collect_calls(std::vector<std::size_t>& calls) const;
  [[nodiscard]] FileImage newest() const;
  [[nodiscard]] FileImage surviving(Survivors& survivors) const;

 private:
  struct History {
    const Sector* durable = nullptr;
    std::vector<SectorVersion> since;
    [[nodiscard]] const Sector* newest() const noexcept {
      return since.empty() ? durable : since.back().bytes;
    }
  };

  void change(std::size_t call, std::uint64_t number, const Sector* to, bool stored);
  [[nodiscard]] const Sector* newest(std::uint64_t number) const noexcept;
  template <typename Change>
  void for_range(FileOffset at, std::uint64_t bytes, Change change);

  std::map<std::uint64_t, History> sectors_;
  std::uint64_t durable_bytes_ = 0;
  std::vector<SizeVersion> sizes_;
  std::size_t cut_call_ = 0;
  std::shared_ptr<const FileHistory> before_cut_;  // null once the cut is on the disk
};

}  // namespace millrace::crash
