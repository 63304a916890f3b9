#include "core/rebuilt_control.h"

#include <algorithm>
#include <cstring>

#include "core/control_page.h"
#include "core/frame.h"

namespace millrace {

namespace {

// Numbers skipped when nothing says which were used; see recovery.cc.
constexpr std::uint64_t kUnprovenJump = std::uint64_t{1} << 26;

bool nothing_was_used_behind(const LogFacts& facts) noexcept {
  if (facts.ended) return true;
  if (facts.tail_lost || !facts.words) return false;
  const ControlWords& words = *facts.words;
  if (words.committed != facts.tail) return false;
  const bool closed = words.state == LogState::kClosed && words.writer_epoch > 0 &&
                      words.durable == facts.tail && words.indexed == facts.tail;
  return closed || (words.state == LogState::kOpen && facts.same_boot);
}

// Numbers below may have been used.
Sequence reserved(const LogFacts& facts) noexcept {
  const Sequence used = std::max(facts.next, facts.lost_from);
  const Sequence blind{used.value + kUnprovenJump + facts.lost_bytes / kFrameHeaderBytes};
  if (!facts.words) return blind;
  const Sequence noted = facts.words->reserved_sequence;
  if (facts.believed) return std::max(noted, used);
  // A page that lost one bit may have lost it here.
  const bool plausible = noted.value < used.value + kSegmentSequenceSpan;
  return plausible ? std::max(noted, blind) : blind;
}

// What stays hidden: of two words that disagree, the lower, which hides nothing that was not
// trimmed; none at all where neither makes sense.
Sequence trimmed(const LogFacts& facts, Sequence first_kept) noexcept {
  if (!facts.words) return first_kept;
  const Sequence word = facts.words->trim_sequence;
  const Sequence check{~facts.words->trim_check};
  const Sequence lower = std::min(word, check);
  const bool lost = word.value == 0 && facts.words->trim_check == 0;
  return lost || lower > facts.next ? first_kept : std::max(lower, first_kept);
}

}  // namespace

ControlWords rebuild_words(const LogFacts& facts) noexcept {
  ControlWords words;
  const bool certain = nothing_was_used_behind(facts);
  words.state = certain ? LogState::kClosed : LogState::kOpen;
  words.boot_hash = 0;  // of no boot
  const std::uint64_t noted = facts.words ? facts.words->writer_epoch : 0;
  const bool plausible = noted >= facts.last_writer && noted - facts.last_writer < kWriterLeadMax;
  words.writer_epoch = std::max<std::uint64_t>(1, plausible ? noted : facts.last_writer);
  words.sealed = facts.ended ? 1 : 0;
  words.shows = kShowsDurable;
  if (facts.words && facts.words->shows == kShowsCommitted) words.shows = kShowsCommitted;
  words.committed = words.durable = words.indexed = facts.tail;
  const bool trims = facts.front && facts.front->header.ordinal > 0;
  words.first_segment = trims ? facts.front->base_sequence() : Sequence{};
  words.trim_sequence = trimmed(facts, words.first_segment);
  words.trim_check = ~words.trim_sequence.value;
  words.active_segment = facts.active;
  words.reserved_sequence = reserved(facts);
  return words;
}

std::vector<std::byte> control_bytes(const ControlWords& words, const LogIdentity& identity) {
  ControlPage page;
  format_control_page(page, identity);
  constexpr auto kOrder = std::memory_order_relaxed;  // nobody else has this page
  page.boot_hash.store(words.boot_hash, kOrder);
  page.writer_epoch.store(words.writer_epoch, kOrder);
  page.state.store(static_cast<std::uint32_t>(words.state), kOrder);
  page.sealed.store(words.sealed, kOrder);
  page.shows.store(words.shows, kOrder);
  page.committed.store(words.committed.bytes, kOrder);
  page.durable.store(words.durable.bytes, kOrder);
  page.indexed.store(words.indexed.bytes, kOrder);
  page.trim_sequence.store(words.trim_sequence.value, kOrder);
  page.first_segment.store(words.first_segment.value, kOrder);
  page.trim_check.store(words.trim_check, kOrder);
  page.active_segment.store(words.active_segment.value, kOrder);
  page.reserved_sequence.store(words.reserved_sequence.value, kOrder);
  std::vector<std::byte> bytes(kControlBytes);
  std::memcpy(bytes.data(), static_cast<const void*>(&page), sizeof(page));
  return bytes;
}

}  // namespace millrace
