#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/bytes.h"
#include "core/segment_header.h"
#include "core/units.h"

namespace millrace {

// ControlPage::state. Values are on disk.
enum class LogState : std::uint32_t {
  kClosed = 0,    // closed cleanly: committed and durable marks agree
  kOpen = 1,      // a writer has it, or died having it
  kPoisoned = 2,  // a write or sync failed
};

// Where a log was poisoned. Values are on disk.
enum class PoisonStage : std::uint32_t {
  kNone = 0,
  kWrite = 1,
  kSyncData = 2,
  kSyncControl = 3,
  kSyncDirectory = 4,
  kStore = 5,  // a store through the mapping raised SIGBUS
};

// The first 512 bytes of the file `ctl`, mapped shared by every process that has the log open; one
// sector, of which a device that reads it while it is stored to may catch each line of 64 bytes at
// a moment of its own. So after a crash of the system only what a sync covered is sure, and lines
// may contradict each other (may_be_mixed). Every word is written whole by the one writer. Its
// layout is in docs/on-disk-format.md.
struct ControlPage {
  // Line 0: identity, written once.
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t crc;  // of line 0 with crc 0
  std::array<std::byte, 16> uuid;
  std::uint32_t shard;
  std::array<std::byte, 28> unused_0;

  // Line 64: the writer.
  std::atomic<std::uint64_t> boot_hash;     // which boot the page cache belongs to
  std::atomic<std::uint64_t> writer_epoch;  // +1 by each writer, before its first frame
  std::atomic<std::uint32_t> state;         // LogState
  std::atomic<std::uint32_t> poison_errno;
  std::atomic<std::uint32_t> poison_stage;  // PoisonStage
  std::atomic<std::uint32_t> sealed;        // 1 once the shard end is committed
  std::atomic<std::uint64_t> writer_pid;    // for people only
  std::atomic<std::uint32_t> shows;         // what readers see: kShowsCommitted, kShowsDurable
  std::array<std::byte, 20> unused_1;

  // Line 128. Everything below is written and readable. Stored with release by the writer after the
  // bytes; loaded with acquire by every reader.
  std::atomic<std::uint64_t> committed;
  std::array<std::byte, 56> unused_2;

  // Line 192. Stored after the sync that covers it returned, so any persisted value is a valid
  // lower bound. `durable` speaks of frames; below `indexed`, never above it, the index is on the
  // disk too.
  std::atomic<std::uint64_t> durable;
  std::atomic<std::uint64_t> indexed;
  std::array<std::byte, 48> unused_3;

  std::array<std::byte, 64> unused_4;  // line 256

  // Line 320: what was trimmed.
  std::atomic<std::uint64_t> trim_sequence;  // records below are hidden; only ever grows
  std::atomic<std::uint64_t> first_segment;  // base sequence of the first segment that is kept
  std::atomic<std::uint64_t> trim_check;     // ~trim_sequence, stored behind it: nothing else would
                                             // contradict a trim that lost a bit and hides records
  std::array<std::byte, 40> unused_5;

  // Line 384: the segment that is being written.
  std::atomic<std::uint64_t> active_segment;  // its base sequence
  std::array<std::byte, 56> unused_6;

  // Line 448. Sequence numbers below may have been used: after a crash of the system the next one
  // is not lower. Persisted ahead of use.
  std::atomic<std::uint64_t> reserved_sequence;
  std::array<std::byte, 56> unused_7;
};
static_assert(sizeof(ControlPage) == 512);
static_assert(offsetof(ControlPage, boot_hash) == 64);
static_assert(offsetof(ControlPage, committed) == 128);
static_assert(offsetof(ControlPage, durable) == 192);
static_assert(offsetof(ControlPage, trim_sequence) == 320);
static_assert(offsetof(ControlPage, active_segment) == 384);
static_assert(offsetof(ControlPage, reserved_sequence) == 448);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// ControlPage::shows. A bit that flips makes neither into the other.
inline constexpr std::uint32_t kShowsCommitted = 0;
inline constexpr std::uint32_t kShowsDurable = 0x5352'5544;  // "DURS"

inline constexpr std::size_t kControlBytes = kPageBytes;

// The file `wake`: the only page that a reader may write.
struct WakePage {
  std::atomic<std::uint32_t>
      waiters;                      // 1: a reader sleeps or is about to; the writer takes it back
  std::atomic<std::uint32_t> word;  // changed by the writer as it wakes them (futex)
};
inline constexpr std::size_t kWakeBytes = kPageBytes;

// Writes line 0 and zeros the rest; `page` is not shared yet.
void format_control_page(ControlPage& page, const LogIdentity& identity) noexcept;

// Whether the checksum of line 0 is right, whatever the line says.
[[nodiscard]] bool is_line_whole(const ControlPage& page) noexcept;

enum class ControlFault : std::uint8_t { kNone, kNewerFormat, kDamaged, kForeign };
// Whether line 0 is whole and names this log. The other lines are only as good as their checks.
[[nodiscard]] ControlFault check_control_page(const ControlPage& page,
                                              const LogIdentity& identity) noexcept;

}  // namespace millrace
