#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/segment_header.h"
#include "core/units.h"

namespace millrace {

// Plain facts about a repair, as src/repair-report.ts names them. Files are named relative to the
// store's folder.

// Sequence numbers whose records a repair could not keep, and where they had lain.
struct LostNumbers {
  Sequence first;
  std::optional<Sequence> last;  // none: nobody knows how many there were
  // How many of them were records, where something still counts them.
  std::optional<std::uint64_t> records;
  // They arrived no earlier and no later than this, as far as their neighbours tell.
  std::optional<ArrivalTime> earliest;
  std::optional<ArrivalTime> latest;
  std::string file;
  std::uint64_t offset = 0;  // of the first byte
  std::uint64_t bytes = 0;
};

// A file whose bytes were set aside before a repair replaced or removed it.
struct SetAside {
  std::string file;
  std::string kept_as;  // empty in a plan: it is named when it is done
};

enum class RepairOutcome : std::uint8_t {
  kSound,     // not touched
  kRepaired,  // or would be, in a plan
  kRefused,   // not touched; `refusal` says why
};

struct LogRepair {
  std::string folder;
  LogIdentity identity;
  RepairOutcome outcome = RepairOutcome::kSound;
  std::optional<Error> refusal;
  std::uint64_t damaged_places = 0;
  std::vector<LostNumbers> lost;
  std::vector<std::string> rewritten;  // files, those that were missing too
  std::vector<SetAside> set_aside;
  // The next record's number is not below: those between may have been used. None: nothing changed.
  std::optional<Sequence> resumes_at;
};

struct RepairReport {
  bool dry_run = false;
  LogRepair store;  // what is outside of logs: the file `format`, the folder `shards`
  std::vector<LogRepair> logs;
  std::uint64_t bytes_checked = 0;
};

}  // namespace millrace
