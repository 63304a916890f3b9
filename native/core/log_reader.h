#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/control_view.h"
#include "core/env.h"
#include "core/leased_segment.h"
#include "core/log_page.h"
#include "core/page_fill.h"
#include "core/residency.h"
#include "core/result.h"
#include "core/segment_cache.h"
#include "core/segment_list.h"
#include "core/time_index.h"
#include "core/units.h"
#include "core/verified_stretch.h"

namespace millrace {

// Reads one log by its visible mark and its files alone, so it can sit beside the writer, on
// another thread or in another process. It never looks at a byte at or above the mark, hence never
// sees a torn record; every frame's checksum is verified on the bytes that are handed out.
//
// One thread at a time; each thread makes its own.
class LogReader {
 public:
  // `segments` is what is known now; later ones are found when the mark passes the last.
  LogReader(Env& env, std::shared_ptr<SegmentCache> cache, std::string directory,
            const LogIdentity& identity, std::shared_ptr<const ControlView> control,
            SegmentList segments);

  // Fills a page, its `tail` only at the tail. Errors as ShardLog::read; with `resident_only` also
  // kNotResident, and take_cold() says what to load before the same call is made again.
  Result<Page> read(Sequence from, const PageLimits& limits, const PageBuffers& into);
  [[nodiscard]] std::optional<ColdStretch> take_cold() noexcept;
  // The record with exactly this number, as the first and only one of a page; false when there is
  // none. The bytes that it takes end with its payload. Errors as read(), but for kTrimmed; where
  // the next page of a scan begins is not forgotten over it (log_reader_record.cc).
  Result<bool> read_record(Sequence at, bool resident_only, const PageBuffers& into);
  // First readable record that arrived at or after `arrival`; the sequence behind the last if none.
  Result<Sequence> seek(ArrivalTime arrival);
  // The finished segment that holds `from`, or would; nullopt where there is none: in front of the
  // log, in the segment that is still written, and where nothing can be leased
  // (log_reader_lease.cc).
  Result<std::optional<LeasedSegment>> lease(Sequence from, std::shared_ptr<Env> env);
  // As read(), but of the records of one leased segment, which stay where they are: positions in
  // the columns count from the start of the lease, `into.bytes` is left alone. A page without
  // records that is not at the tail says where the next segment begins.
  Result<Page> read_leased(Sequence from, const PageLimits& limits, const PageBuffers& into,
                           LeasedSegment& lease);
  // Arrival of the first readable record; nullopt when there is none.
  Result<std::optional<ArrivalTime>> first_arrival();
  // First readable sequence number.
  [[nodiscard]] Sequence first() const noexcept;
  // Where the log ends for readers, as every read begins by asking.
  [[nodiscard]] LogPosition visible() const noexcept { return control_->visible(); }
  // What precedes `position`, where a frame ends. Headers are believed if they are in order.
  struct End {
    Sequence next = kFirstSequence;  // the number behind the last frame
    ArrivalTime arrival;             // of the last frame
  };
  Result<End> end_at(LogPosition position);
  // Whether the shard's end is the last frame below `end`, where `tail` is the number behind that
  // frame. Errors as read().
  Result<bool> has_ended(Sequence tail, LogPosition end, bool resident_only = false);

  // The list as the writer in this process has it.
  void set_segments(SegmentList segments);
  // Segments before the one that begins at `base` are gone; their paths.
  std::vector<std::string> drop_before(Sequence base);
  [[nodiscard]] const SegmentList& segments() const noexcept { return segments_; }

 private:
  // A place in a segment where a frame starts, or the segment ends.
  struct Cursor {
    std::size_t segment = 0;
    FileOffset at;
    Sequence sequence;   // of the frame there; at an end, of the next frame at the least
    ArrivalTime passed;  // of the last frame that was walked past on the way there
  };

  // What finding a frame by its number walks over, at least; more only behind a damaged index.
  static constexpr std::uint64_t kWalkBytes = std::uint64_t{4} * kGridBytes;

  Result<void> refresh(LogPosition end);
  // What is taken for resident when the log ends at `end`.
  void note_hot(LogPosition end) noexcept;
  Result<bool> read_record_slowly(Sequence at, bool resident_only, const PageBuffers& into);
  Result<Bytes> map_segment(std::size_t index);
  // Forgets every mapping.
  void unmap() noexcept;
  // The frame with this sequence number, or the first behind it.
  Result<Cursor> find(Sequence from, LogPosition log_end, bool resident_only = false);
  Result<Cursor> find_in(std::size_t index, Sequence from, LogPosition log_end,
                         bool resident_only = false);
  // kNotResident when touching [at, to) of a segment, whose part to be read ends at `end`, would
  // wait for the disk.
  Result<void> require_resident(std::size_t index, FileOffset at, FileOffset to, FileOffset end);
  Result<Cursor> walk(std::size_t segment, Bytes bytes, FileOffset start, Sequence expected,
                      Sequence from, FileOffset end) const;
  Result<void> fill_segment(Cursor& cursor, FileOffset end, PageFill& fill);
  Result<std::uint64_t> copy_chunk(const Cursor& cursor, FileOffset end, PageFill& fill);
  Result<void> take_chunk(Cursor& cursor, FileOffset end, std::uint64_t chunk,
                          PageFill& fill) const;
  [[nodiscard]] Error damaged(std::size_t segment, FileOffset at, const char* what) const;

  Env& env_;
  std::shared_ptr<SegmentCache> cache_;
  std::string directory_;
  LogIdentity identity_;
  std::shared_ptr<const ControlView> control_;
  SegmentList segments_;
  std::optional<LogPosition> ended_at_;  // the mark below which the shard's end was found
  // Where the last page ended: the next sequential page needs no search. Invalid: sequence 0.
  Cursor cursor_;
  // The mapping of the segment read last.
  std::shared_ptr<const Mapping> mapping_;
  Sequence mapped_base_;
  // Those before it, for reads here and there: the cache takes a lock and looks up a path. Weak, so
  // that they do not keep mapped what the cache has let go.
  struct Recent {
    std::weak_ptr<const Mapping> mapping;
    Sequence base;
  };
  std::array<Recent, 4> recent_;
  std::size_t next_recent_ = 0;
  std::shared_ptr<Residency> residency_;
  // What was written since the first read, and not long ago, is in memory.
  std::optional<LogPosition> began_at_;
  LogPosition hot_from_;
  // Of leased segments, by where they begin.
  std::map<Sequence, VerifiedStretch> verified_;
};

}  // namespace millrace
