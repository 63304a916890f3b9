#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "crash/file_history.h"
#include "crash/names.h"
#include "crash/sector.h"
#include "test/random.h"

namespace millrace::crash {

// The shapes that a loss may have. Each asks something else of whoever reopens the files.
enum class Loss : std::uint8_t {
  kNothing,          // all that was written is on the disk
  kAllUnsynced,      // and nothing else than what was synced
  kAnySubset,        // any version of any sector, any names
  kOrdered,          // what a file system keeps that writes names in order: all up to one, any data
  kUpTo,             // what was done before one moment
  kAllButOneSector,  // a single sector stayed behind
  kOneSector,        // a single one got there
  kOneCall,          // what one call did
  kAllButOneCall,    // all but what one call did
  kByFile,           // of each file everything or nothing
  kMomentByFile,     // of each file what was done before a moment of its own
  kDataNoNames,      // all contents, no names
  kNamesNoData,      // all names, no contents
  kMarksAhead,       // the newest control page, the oldest of everything else
  kMarksBehind,      // the oldest control page, the newest of everything else
  kCaught,           // sectors of mappings were written while they were being stored to
};
inline constexpr std::size_t kLossCount = 16;

[[nodiscard]] std::string_view name_of(Loss loss) noexcept;

// One number for the state `seed` behind `cut` calls, unlike those of its neighbours.
[[nodiscard]] std::uint64_t state_seed(std::uint64_t cut, std::uint64_t seed) noexcept;

// What may be lost at one moment.
struct AtRisk {
  std::size_t sectors = 0;         // that are not surely on the disk
  std::vector<std::size_t> calls;  // whose changes are not, in order, each once
};

// Decides what of the unsynced changes is on the disk: the same for the same seed. Asked of file
// after file, in one order, once it was asked of the names.
class Survivors {
 public:
  // A loss of a shape that the seed draws.
  Survivors(std::uint64_t seed, const AtRisk& at_risk, SectorPool& pool);
  Survivors(Loss loss, std::uint64_t seed, const AtRisk& at_risk, SectorPool& pool);

  [[nodiscard]] Loss loss() const noexcept { return loss_; }

  // The file whose sectors are asked for next.
  void begin_file(std::string_view first_path);
  // Whether a cut to nothing is on the disk.
  bool keeps(std::size_t call);
  std::uint64_t size(std::uint64_t durable, const std::vector<SizeVersion>& since);
  const Sector* sector(const Sector* durable, const std::vector<SectorVersion>& since);
  std::vector<bool> names(const std::vector<NameChange>& changes);

 private:
  [[nodiscard]] bool keeps_call(std::size_t call) noexcept;
  std::size_t version_of(const std::vector<SectorVersion>& since);
  const Sector* caught(const Sector* before, const SectorVersion& after);
  const Sector* lines(const Sector* durable, const std::vector<SectorVersion>& since,
                      std::size_t version);
  bool chance() noexcept { return random_.below(kChances) < likely_; }

  static constexpr std::uint64_t kChances = 16;

  Loss loss_;
  test::Random random_;
  SectorPool& pool_;
  std::uint64_t likely_;     // of kChances: that a change is on the disk
  std::size_t moment_ = 0;   // kUpTo, kMomentByFile: calls before it are
  std::size_t call_ = 0;     // kOneCall, kAllButOneCall
  std::size_t sector_ = 0;   // kOneSector, kAllButOneSector: counted as they are asked for
  std::size_t sectors_ = 0;  // asked for so far
  std::vector<std::size_t> calls_;
  bool file_kept_ = false;   // kByFile
  bool is_control_ = false;  // the file is a log's control page
};

}  // namespace millrace::crash
