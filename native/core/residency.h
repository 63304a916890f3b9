#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/background.h"
#include "core/env.h"
#include "core/mapping.h"
#include "core/units.h"

namespace millrace {

class Residency;

// A part of a segment that a read would have waited for the disk for.
struct ColdStretch {
  std::shared_ptr<Env> env;  // outlives the mapping
  std::shared_ptr<const Mapping> mapping;
  std::size_t at = 0;
  std::size_t bytes = 0;
  std::size_t ahead_bytes = 0;  // behind it: asked for, not waited for
  std::weak_ptr<Residency> asked_by;
  std::weak_ptr<const Mapping> loaded;

  // Any thread, once: waits for the disk, then lets go of the mapping. A page that cannot be read
  // is for the read to find, which knows what lies before it.
  void load();
};

// What one reader knows of the page cache: whether it can touch a stretch of a segment without
// waiting for the disk, what has to be loaded first, and what it has brought in.
//
// Each stretch is looked at once, not once a page. Where a scan has to load, it is kept ahead of,
// and what it brought in is marked as the first to go, oldest first, beyond the last kKeptBytes.
// Pages that were in memory before are never marked.
//
// The thread of the reader only.
class Residency {
 public:
  // Looked at, loaded and asked for at once.
  static constexpr std::size_t kStretchBytes = 2 * kMiB;
  // Loaded where nothing says that the reader will go on.
  static constexpr std::size_t kFirstBytes = 256 * kKiB;
  // Of what was brought in, this much is left alone.
  static constexpr std::size_t kKeptBytes = 16 * kMiB;
  // A page is remembered whole, however long.
  static constexpr std::size_t kKnownBytes = 80 * kMiB;
  // What was seen holds for so long; nanoseconds.
  static constexpr std::uint64_t kHoldsNs = 1'000'000'000;

  // Both outlive this object. Advice is given on the `background`, which also outlives it.
  Residency(Env& env, Background& background) noexcept : env_(env), background_(background) {}

  // Whether [at, to) can be touched at once. `limit` is the end of what may be looked at. After a
  // no, take_cold() says what to load.
  bool is_resident(const std::shared_ptr<const Mapping>& mapping, FileOffset at, FileOffset to,
                   FileOffset limit);
  std::optional<ColdStretch> take_cold() noexcept;
  // It was loaded: the next read of it goes on, whatever the system says.
  void loaded(const ColdStretch& cold);

 private:
  using Mapped = std::weak_ptr<const Mapping>;
  struct Range {
    Mapped mapping;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint64_t seen_ns = 0;
  };

  // The end of what is known to be resident from `at` on; `at` itself when nothing is.
  [[nodiscard]] std::size_t known_from(const Mapped& mapping, std::size_t at, std::uint64_t now_ns);
  [[nodiscard]] bool goes_on_at(const Mapped& mapping, std::size_t at) const noexcept;
  void remember(const Mapped& mapping, std::size_t begin, std::size_t end, std::uint64_t now_ns);
  // The end of the resident pages from `begin` on, at most `end`.
  std::size_t resident_until(const Mapping& mapping, std::size_t begin, std::size_t end);
  // Notes the pages of [begin, end) that are not in memory: whoever loads them brings them in.
  void note_absent(const std::shared_ptr<const Mapping>& mapping, std::size_t begin,
                   std::size_t end);
  // A scan has come to what was read ahead for it.
  void go_ahead(const std::shared_ptr<const Mapping>& mapping, std::size_t at, std::size_t limit);
  // Marks what is beyond kKeptBytes, and asks for what a scan will want.
  void advise_later(const std::shared_ptr<const Mapping>& mapping, std::size_t at, std::size_t end);

  Env& env_;
  Background& background_;
  bool is_told_ = true;  // false once the system has said that it does not tell
  // Of so many scans, or places that are read here and there, at most; none in an idle reader.
  static constexpr std::size_t kKnownMax = 64;
  std::vector<Range> known_;
  std::size_t next_known_ = 0;
  Range ahead_;  // what was asked for last
  std::deque<Range> brought_;
  std::size_t brought_bytes_ = 0;
  std::optional<ColdStretch> cold_;
};

}  // namespace millrace
