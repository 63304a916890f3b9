#include "crash/ledger.h"

#include <algorithm>

namespace millrace::crash {

namespace {

std::string quoted(const std::string& text) {
  constexpr std::size_t kShown = 24;
  return '"' + text.substr(0, kShown) + (text.size() > kShown ? "…\"" : "\"");
}

std::string named(std::uint64_t sequence) { return "record " + std::to_string(sequence); }

}  // namespace

std::string PutContent::payload() const {
  std::string payload = payload_head;
  payload.resize(payload_bytes);
  return payload;
}

bool PutContent::is(const test::ReadRecord& record) const noexcept {
  return record.key == key && record.payload.size() == payload_bytes &&
         record.payload.starts_with(payload_head) &&
         std::all_of(record.payload.begin() + static_cast<std::ptrdiff_t>(payload_head.size()),
                     record.payload.end(), [](char c) { return c == 0; });
}

void LogLedger::note_durable(std::uint64_t below, JournalPlace place) {
  for (PutRecord& record : records) {
    if (record.sequence < below && record.acknowledged != kNever && record.durable == kNever) {
      record.durable = place;
    }
  }
}

std::uint64_t LogLedger::next_unused(JournalPlace cut) const {
  std::uint64_t next = used_below;
  for (const PutRecord& record : records) {
    if (record.acknowledged <= cut) next = std::max(next, record.sequence + 1);
  }
  return next;
}

const PutRecord* LogLedger::find_lost(const test::ReadRecord& seen) const noexcept {
  const auto found = std::ranges::find_if(lost, [&](const PutRecord& put) {
    return put.sequence == seen.sequence && put.arrival_ms == seen.arrival_ms &&
           put.content.is(seen);
  });
  return found == lost.end() ? nullptr : &*found;
}

// Every record shown was put, at or before the cut, just so; and none between two was left out.
std::optional<std::string> LogLedger::wrong_record(const LogView& view, JournalPlace cut) const {
  auto expected = records.begin();
  bool first = true;
  for (const test::ReadRecord& seen : view.records) {
    const auto put = std::lower_bound(
        expected, records.end(), seen.sequence,
        [](const PutRecord& record, std::uint64_t sequence) { return record.sequence < sequence; });
    const bool known = put != records.end() && put->sequence == seen.sequence &&
                       put->started < cut && put->content.is(seen);
    if (!known && find_lost(seen) != nullptr) continue;
    if (put == records.end() || put->sequence != seen.sequence || put->started >= cut) {
      return named(seen.sequence) + " was never put, or was lost before: key " + quoted(seen.key) +
             ", payload " + quoted(seen.payload);
    }
    if (!put->content.is(seen) || put->arrival_ms != seen.arrival_ms) {
      return named(seen.sequence) + " is another one than was put: key " + quoted(seen.key) +
             " for " + quoted(put->content.key) + ", payload " + quoted(seen.payload) + " for " +
             quoted(put->content.payload_head) + ", arrival " + std::to_string(seen.arrival_ms) +
             " for " + std::to_string(put->arrival_ms);
    }
    if (!first && put != expected) {
      return named(expected->sequence) + " is missing between others: no prefix";
    }
    first = false;
    expected = std::next(put);
  }
  return std::nullopt;
}

std::optional<std::string> LogLedger::wrong_with(const LogView& view, JournalPlace cut, End end,
                                                 bool promised) const {
  if (std::optional<std::string> wrong = wrong_record(view, cut)) return wrong;
  const bool process = end == End::kProcess;
  std::uint64_t trimmed = 0;    // as far as may be
  std::uint64_t must_trim = 0;  // as far as was promised
  for (const TrimMade& trim : trims) {
    if (trim.started < cut) trimmed = std::max(trimmed, trim.before);
    if ((process ? trim.done : trim.durable) <= cut) must_trim = std::max(must_trim, trim.before);
  }
  const std::uint64_t first = view.records.empty() ? 0 : view.records.front().sequence;
  const std::uint64_t last = view.records.empty() ? 0 : view.records.back().sequence;
  if (first != 0 && first < must_trim) return named(first) + " was trimmed, and is there again";
  for (const PutRecord& record : records) {
    if (record.sequence < trimmed || record.started >= cut) continue;
    if (first != 0 && record.sequence < first) {
      return named(record.sequence) + " is missing at the front, though not trimmed";
    }
    if (record.sequence <= last && first != 0) continue;
    const JournalPlace since = process ? record.acknowledged : record.durable;
    if (promised && since <= cut) {
      return named(record.sequence) + (process ? " was acknowledged" : " was durable") +
             " and is lost; the last one is " + std::to_string(last);
    }
    if (view.sealed && record.started < seal.started && record.acknowledged != kNever) {
      return "the shard's end is there, and " + named(record.sequence) + " before it is not";
    }
  }
  const JournalPlace sealed_since = process ? seal.acknowledged : seal.durable;
  if (promised && !view.sealed && sealed_since <= cut) return "the shard's end is lost";
  if (view.sealed && seal.started >= cut) return "the shard has ended though nobody ended it";
  return std::nullopt;
}

// A state shows the same however often it is opened, so what it shows counts as acknowledged; and
// after a loss of power it is all on the disk. What the end of a process left trimmed may be there
// again after a loss of power.
LogLedger LogLedger::behind(const LogView& view, JournalPlace cut, End end, bool synced) const {
  LogLedger after;
  after.identity = identity;
  after.folder = folder;
  const bool on_disk = end == End::kSystem;
  const bool forgotten = on_disk && !synced;
  after.used_below = forgotten ? 1 : next_unused(cut);
  const auto since_before = [&](JournalPlace durable) {
    return on_disk || durable <= cut ? JournalPlace{0} : kNever;
  };
  const std::uint64_t first =
      view.records.empty() ? std::numeric_limits<std::uint64_t>::max() : view.records[0].sequence;
  std::uint64_t trimmed = 0;
  for (TrimMade trim : trims) {
    if (trim.started >= cut || forgotten) continue;
    trimmed = std::max(trimmed, trim.before);
    // Of one that was under way, and of one that may have been lost, nothing is known.
    const bool in_force =
        trim.before <= first && (on_disk ? !view.records.empty() : trim.done <= cut);
    trim.started = 0;
    trim.done = in_force ? 0 : kNever;
    trim.durable = in_force ? since_before(trim.durable) : kNever;
    after.trims.push_back(trim);
  }
  after.lost = lost;
  for (const PutRecord& put : records) {
    const auto seen =
        std::ranges::lower_bound(view.records, put.sequence, {}, &test::ReadRecord::sequence);
    const bool shown = seen != view.records.end() && seen->sequence == put.sequence &&
                       (lost.empty() || put.content.is(*seen));
    if (!shown && forgotten) after.lost.push_back(put);
    const bool hidden = !on_disk && put.started < cut && put.sequence < std::min(first, trimmed);
    if (!shown && !hidden) continue;
    PutRecord kept = put;
    kept.started = 0;
    kept.acknowledged = shown ? 0 : kNever;
    kept.durable = since_before(put.durable);
    after.used_below = std::max(after.used_below, kept.sequence + 1);
    after.records.push_back(std::move(kept));
  }
  for (const test::ReadRecord& seen : view.records) {
    const PutRecord* const back = find_lost(seen);
    const auto at =
        std::ranges::lower_bound(after.records, seen.sequence, {}, &PutRecord::sequence);
    if (back == nullptr || (at != after.records.end() && at->sequence == seen.sequence)) continue;
    PutRecord kept = *back;
    kept.started = kept.acknowledged = 0;
    kept.durable = kNever;
    after.used_below = std::max(after.used_below, kept.sequence + 1);
    after.records.insert(at, std::move(kept));
  }
  if (view.sealed) {
    after.seal = {.started = 0, .acknowledged = 0, .durable = since_before(seal.durable)};
  }
  return after;
}

}  // namespace millrace::crash
