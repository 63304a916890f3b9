#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/control_page.h"
#include "core/env.h"
#include "core/findings.h"
#include "core/result.h"
#include "core/segment_header.h"
#include "core/units.h"

namespace millrace {

// The words of a control page at one moment, as numbers that nobody has checked yet.
struct ControlWords {
  LogState state = LogState::kClosed;
  std::uint32_t poison_errno = 0;
  PoisonStage poison_stage = PoisonStage::kNone;
  std::uint32_t sealed = 0;
  std::uint64_t boot_hash = 0;
  std::uint64_t writer_epoch = 0;
  std::uint64_t writer_pid = 0;
  std::uint32_t shows = 0;
  LogPosition committed;
  LogPosition durable;
  LogPosition indexed;
  Sequence trim_sequence;
  std::uint64_t trim_check = 0;
  Sequence first_segment;
  Sequence active_segment;
  Sequence reserved_sequence;
  bool operator==(const ControlWords&) const = default;
};

struct ControlSnapshot {
  ControlWords words;
  // The whole page a moment later: for what never changes, identity and unused bytes.
  std::array<std::byte, kControlBytes> page{};
};

// Reads the page of the log in `directory` through a read-only mapping, while its writer may be
// storing: in an order in which indexed <= durable <= committed holds whenever it holds on the
// page. kNotFound, kCorrupt when the file is too short for a page.
Result<ControlSnapshot> read_control(Env& env, const std::string& directory);

// Whether line 0 is whole; its log. Nothing else of the page means anything otherwise.
Result<LogIdentity> control_identity(const ControlSnapshot& control);

// The words of a page that is mapped, loaded as above.
[[nodiscard]] ControlWords load_words(const ControlPage& page) noexcept;

// Whether its lines may be of different moments: those of a page that is stored to while a device
// reads it are, if the machine goes down before it is read again.
[[nodiscard]] bool may_be_mixed(const ControlWords& words, std::uint64_t boot_hash) noexcept;

// What the words say about one another, seen in the boot `boot_hash`. `file` is for the findings.
void check_words(const ControlWords& words, std::uint64_t boot_hash, const std::string& file,
                 Findings& findings);
// The same, and that unused bytes are zero.
void check_control(const ControlSnapshot& control, std::uint64_t boot_hash, const std::string& file,
                   Findings& findings);

}  // namespace millrace
