#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/log_options.h"
#include "crash/ledger.h"
#include "crash/recorded_store.h"

namespace millrace::crash {

// How often each of these is done, as parts of their sum.
struct Mix {
  std::uint32_t append = 10;
  std::uint32_t append_together = 0;
  std::uint32_t flush = 2;
  std::uint32_t help = 6;
  std::uint32_t trim = 1;
  std::uint32_t seal = 0;
  std::uint32_t reopen = 0;  // close and open again
  std::uint32_t die = 0;     // and open again
  std::uint32_t create = 0;
  std::uint32_t drop = 0;
  std::uint32_t snapshot = 0;
};

enum class Durability : std::uint8_t { kProcess, kCommit, kInterval, kNone };

// A kind of use.
struct Workload {
  std::string_view name;
  std::vector<Durability> modes;  // of each opening, one of them
  std::size_t logs = 1;
  std::size_t steps = 60;
  bool rolls_by_age = false;    // segments are closed after a few records
  std::uint64_t zeros_max = 0;  // of a record: how a segment of a MiB is filled
  bool fails = false;           // a sync or a write, once
  Mix mix;
};

[[nodiscard]] std::span<const Workload> workloads();
[[nodiscard]] LogOptions options_of(Durability mode, const Workload& workload);

// A workload that was run from beginning to end.
struct Recording {
  std::vector<RecordedCall> calls;
  StoreLedger ledger;
  bool poisoned = false;
};

// Notes from where on each trim is on the disk: a sync of the control page behind it. `calls` begin
// at `first_place`.
void note_durable_trims(StoreLedger& ledger, const std::vector<RecordedCall>& calls,
                        JournalPlace first_place);

// The same for the same seed.
[[nodiscard]] Recording record(const Workload& workload, std::uint64_t seed);

}  // namespace millrace::crash
