#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/segment_header.h"
#include "test/log_fixture.h"

namespace millrace::crash {

// A place in the journal: how many calls came before. What happened at a place is so in every state
// whose cut is there or later.
using JournalPlace = std::size_t;
inline constexpr JournalPlace kNever = std::numeric_limits<JournalPlace>::max();

// A record as it was put. Payloads end with zeros, which cost a disk in memory nothing.
struct PutContent {
  std::string key;
  std::string payload_head;
  std::uint64_t payload_bytes = 0;

  [[nodiscard]] std::string payload() const;
  [[nodiscard]] bool is(const test::ReadRecord& record) const noexcept;
};

struct PutRecord {
  std::uint64_t sequence = 0;  // as answered, or the next one where no answer came
  std::int64_t arrival_ms = 0;
  PutContent content;
  JournalPlace started = 0;
  JournalPlace acknowledged = kNever;
  JournalPlace durable = kNever;  // promised to survive the loss of power
};

struct TrimMade {
  std::uint64_t before = 0;  // numbers below are hidden
  JournalPlace started = 0;
  JournalPlace done = kNever;
  JournalPlace durable = kNever;  // the control page was synced since
};

struct SealMade {
  JournalPlace started = kNever;
  JournalPlace acknowledged = kNever;
  JournalPlace durable = kNever;
};

// How a machine went down.
enum class End : std::uint8_t {
  kProcess,  // the page cache is whole, and the boot is the same
  kSystem,
};

// What a log shows to somebody who opened it.
struct LogView {
  std::vector<test::ReadRecord> records;
  bool sealed = false;
};

// What was done to one log and what was answered, with the places in the journal where that became
// so: what a state may, must and must not show.
struct LogLedger {
  LogIdentity identity;
  std::string folder;
  std::vector<PutRecord> records;  // by growing number
  // What losses of power took from a store that was never synced: nobody counts such writers for
  // sure, so that their frames may be read again where they fit behind new ones.
  std::vector<PutRecord> lost;
  std::vector<TrimMade> trims;
  SealMade seal;
  std::uint64_t used_below = 1;   // numbers below were handed out before the journal began
  JournalPlace dropped = kNever;  // from here on its files may go

  // Everything acknowledged up to number `below` is durable from `place` on.
  void note_durable(std::uint64_t below, JournalPlace place);
  // Numbers that a caller was told up to `cut`: none of them may name another record.
  [[nodiscard]] std::uint64_t next_unused(JournalPlace cut) const;
  // What is wrong with `view` as the log's state behind `cut`; nullopt when nothing is. A reader
  // that came before any writer need not see all that was promised, only nothing else.
  [[nodiscard]] std::optional<std::string> wrong_with(const LogView& view, JournalPlace cut,
                                                      End end, bool promised) const;
  // The same log for a journal that begins behind the recovery of a state that showed `view`.
  // Unless the store was ever `synced`, a loss of power takes numbers and trims, too.
  [[nodiscard]] LogLedger behind(const LogView& view, JournalPlace cut, End end, bool synced) const;

 private:
  [[nodiscard]] std::optional<std::string> wrong_record(const LogView& view,
                                                        JournalPlace cut) const;
  [[nodiscard]] const PutRecord* find_lost(const test::ReadRecord& seen) const noexcept;
};

// A store: its metadata, which is a log, and the logs that this names.
struct StoreLedger {
  LogLedger meta;
  std::vector<LogLedger> logs;  // by the number that the metadata has for them
  JournalPlace made = kNever;   // whoever made it was told so
  bool synced = true;           // false: nothing was ever promised to survive a loss of power
};

}  // namespace millrace::crash
