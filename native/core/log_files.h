#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/control_snapshot.h"
#include "core/env.h"
#include "core/findings.h"
#include "core/last_end.h"
#include "core/segment_head.h"
#include "core/store_report.h"
#include "core/units.h"

namespace millrace {

// Where a log's folder is, and what is known of it beforehand.
struct LogPlace {
  std::string root;    // the store's folder
  std::string folder;  // relative to it: "meta", "shards/…"
  std::optional<std::array<std::byte, 16>> uuid;
  std::uint64_t boot_hash = 0;  // of this boot
  bool in_use = false;          // a writer has the store open

  // The name of one of its files in findings.
  [[nodiscard]] std::string file(const std::string& name) const { return folder + "/" + name; }
};

// The files of one log, read without frames, and what is wrong with them and between them.
struct LogFiles {
  struct Entry {
    std::string file;                 // relative to the store's folder
    std::optional<SegmentHead> head;  // none: the header cannot be believed
    bool newer = false;               // because a later version wrote it, which explains no crash
    Findings findings;                // about this file alone
  };

  LogIdentity identity;
  std::optional<ControlWords> control;  // none: missing or damaged
  LastEnd last_end = LastEnd::kFresh;   // kFresh also when there is no control page to tell
  std::vector<Entry> segments;          // oldest first, without those that were trimmed
  Findings findings;                    // about the rest

  [[nodiscard]] bool any_damage() const noexcept;
  // Whether nothing that a writer changes differs.
  [[nodiscard]] bool same_as(const LogFiles& other) const;
};

// Reads the folder once. Of a log that is being written the answer may contradict itself.
LogFiles read_log_files(Env& env, const LogPlace& place);
// Reads the folder until it does not contradict itself, or does not change any more.
LogFiles read_steady_log_files(Env& env, const LogPlace& place);

// How long its segments are together, for a progress: what cannot be read is left out.
std::uint64_t segment_bytes(Env& env, const LogPlace& place);

// The facts of a log, for the report.
LogReport report_of(const LogFiles& files, const LogPlace& place);

}  // namespace millrace
