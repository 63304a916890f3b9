#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/control_snapshot.h"
#include "core/segment_header.h"
#include "core/segment_list.h"
#include "core/units.h"

namespace millrace {

// What a repair found out about a log, by its segments.
struct LogFacts {
  std::optional<ControlWords> words;  // of the page as it is; none: it cannot be read
  bool believed = false;              // and nothing contradicts it
  bool same_boot = false;             // its last writer ran since the machine came up
  std::optional<Segment> front;       // none: no segment is left
  Sequence active;                    // base of the last segment
  LogPosition tail;
  Sequence next = kFirstSequence;
  bool tail_lost = false;        // frames behind the tail are gone
  std::uint64_t lost_bytes = 0;  // at most so many of them
  Sequence lost_from;            // a number that was used there, if one is known
  std::uint64_t last_writer = 0;
  bool ended = false;  // by the shard end
};

// The words of a page for a log of which everything up to its tail is on the disk. Unless it is
// certain that no number behind the tail was used, they are those of a log whose system went down:
// the next writer begins with a gap up to `reserved_sequence`.
[[nodiscard]] ControlWords rebuild_words(const LogFacts& facts) noexcept;

// The bytes of the file `ctl` with these words.
[[nodiscard]] std::vector<std::byte> control_bytes(const ControlWords& words,
                                                   const LogIdentity& identity);

}  // namespace millrace
