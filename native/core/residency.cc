#include "core/residency.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/bytes.h"

namespace millrace {

namespace {

using PageMap = std::array<std::uint8_t, Residency::kStretchBytes / kPageBytes>;

bool same_mapping(const std::weak_ptr<const Mapping>& one,
                  const std::weak_ptr<const Mapping>& other) noexcept {
  return !one.owner_before(other) && !other.owner_before(one);
}

// The part of `map` for the pages of [begin, end), both of one stretch.
std::span<std::uint8_t> map_of(PageMap& map, std::size_t begin, std::size_t end) noexcept {
  return std::span(map).first((end - begin + kPageBytes - 1) / kPageBytes);
}

}  // namespace

void ColdStretch::load() {
  mapping->advise(at, bytes + ahead_bytes, AdviseMode::kWillNeed);
  (void)mapping->load(at, bytes);
  loaded = mapping;
  mapping.reset();
}

bool Residency::is_resident(const std::shared_ptr<const Mapping>& mapping, FileOffset at,
                            FileOffset to, FileOffset limit) {
  if (!is_told_) return true;
  cold_.reset();
  const Mapped mapped = mapping;
  const std::uint64_t now_ns = env_.monotonic_ns();
  const std::size_t wanted_end = std::min(to.bytes, limit.bytes);
  std::size_t next = at.bytes;
  while (next < wanted_end) {
    if (const std::size_t known = known_from(mapped, next, now_ns); known > next) {
      next = known;
      continue;
    }
    const std::size_t begin = align_down<std::size_t>(next, kPageBytes);
    const std::size_t end = std::min<std::size_t>(begin + kStretchBytes, limit.bytes);
    const std::size_t resident = resident_until(*mapping, begin, end);
    if (resident > next) {
      if (resident == end && same_mapping(ahead_.mapping, mapped) && begin >= ahead_.begin &&
          begin < ahead_.end) {
        go_ahead(mapping, ahead_.end, limit.bytes);
      }
      remember(mapped, begin, resident, now_ns);
      next = resident;
      continue;
    }
    // Somebody who reads one record is not made to wait for megabytes.
    const bool goes_on = goes_on_at(mapped, begin);
    const std::size_t first = std::max<std::size_t>(wanted_end, begin + kFirstBytes);
    const std::size_t load_end = goes_on ? end : std::min(end, align_up(first, kPageBytes));
    const std::size_t ahead_end =
        goes_on ? std::min<std::size_t>(load_end + kStretchBytes, limit.bytes) : load_end;
    note_absent(mapping, begin, load_end);
    if (ahead_end > load_end) note_absent(mapping, load_end, ahead_end);
    advise_later(mapping, load_end, load_end);
    ahead_ = {mapped, load_end, ahead_end, now_ns};
    cold_ = ColdStretch{.env = {},
                        .mapping = mapping,
                        .at = begin,
                        .bytes = load_end - begin,
                        .ahead_bytes = ahead_end - load_end,
                        .asked_by = {},
                        .loaded = {}};
    return false;
  }
  return true;
}

std::optional<ColdStretch> Residency::take_cold() noexcept { return std::exchange(cold_, {}); }

void Residency::loaded(const ColdStretch& cold) {
  remember(cold.loaded, cold.at, cold.at + cold.bytes, env_.monotonic_ns());
}

std::size_t Residency::known_from(const Mapped& mapping, std::size_t at, std::uint64_t now_ns) {
  for (const Range& range : known_) {
    if (at < range.begin || at >= range.end || !same_mapping(range.mapping, mapping)) continue;
    if (now_ns - range.seen_ns < kHoldsNs) return range.end;
  }
  return at;
}

bool Residency::goes_on_at(const Mapped& mapping, std::size_t at) const noexcept {
  return std::ranges::any_of(known_, [&](const Range& range) {
    return at > range.begin && at <= range.end && same_mapping(range.mapping, mapping);
  });
}

// A range that goes on where another one ends takes its place: a scan has one.
void Residency::remember(const Mapped& mapping, std::size_t begin, std::size_t end,
                         std::uint64_t now_ns) {
  for (Range& range : known_) {
    if (begin < range.begin || begin > range.end || !same_mapping(range.mapping, mapping)) continue;
    const std::size_t kept = begin - std::min(begin, kKnownBytes);
    range = {mapping, std::max(range.begin, kept), end, now_ns};
    return;
  }
  if (known_.size() < kKnownMax) {
    known_.push_back({mapping, begin, end, now_ns});
    return;
  }
  known_[next_known_] = {mapping, begin, end, now_ns};
  next_known_ = (next_known_ + 1) % kKnownMax;
}

std::size_t Residency::resident_until(const Mapping& mapping, std::size_t begin, std::size_t end) {
  PageMap map;
  const std::span<std::uint8_t> pages = map_of(map, begin, end);
  if (!mapping.residency(begin, end - begin, pages)) {
    is_told_ = false;
    return end;
  }
  const auto absent = std::ranges::find(pages, std::uint8_t{0});
  return std::min(end, begin + static_cast<std::size_t>(absent - pages.begin()) * kPageBytes);
}

void Residency::note_absent(const std::shared_ptr<const Mapping>& mapping, std::size_t begin,
                            std::size_t end) {
  PageMap map;
  const std::span<std::uint8_t> pages = map_of(map, begin, end);
  if (!mapping->residency(begin, end - begin, pages)) return;
  for (std::size_t i = 0; i < pages.size();) {
    const auto from = std::find(pages.begin() + static_cast<std::ptrdiff_t>(i), pages.end(), 0);
    const auto to = std::find(from, pages.end(), 1);
    i = static_cast<std::size_t>(to - pages.begin());
    if (from == to) continue;
    const std::size_t first = begin + static_cast<std::size_t>(from - pages.begin()) * kPageBytes;
    const std::size_t last = std::min(end, begin + i * kPageBytes);
    brought_.push_back({mapping, first, last, 0});
    brought_bytes_ += last - first;
  }
}

void Residency::go_ahead(const std::shared_ptr<const Mapping>& mapping, std::size_t at,
                         std::size_t limit) {
  const std::size_t end = std::min(at + kStretchBytes, limit);
  if (at >= end) return;
  note_absent(mapping, at, end);
  ahead_ = {mapping, at, end, 0};
  advise_later(mapping, at, end);
}

void Residency::advise_later(const std::shared_ptr<const Mapping>& mapping, std::size_t at,
                             std::size_t end) {
  std::vector<Range> oldest;
  while (brought_bytes_ > kKeptBytes) {
    brought_bytes_ -= brought_.front().end - brought_.front().begin;
    oldest.push_back(std::move(brought_.front()));
    brought_.pop_front();
  }
  if (at == end && oldest.empty()) return;
  background_.post(Background::Lane::kSync, [mapping, at, end, oldest = std::move(oldest)] {
    if (at < end) mapping->advise(at, end - at, AdviseMode::kWillNeed);
    for (const Range& range : oldest) {
      const std::shared_ptr<const Mapping> mapped = range.mapping.lock();
      if (mapped) mapped->advise(range.begin, range.end - range.begin, AdviseMode::kCold);
    }
  });
}

}  // namespace millrace
