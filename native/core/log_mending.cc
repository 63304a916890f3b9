#include "core/log_mending.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/file.h"
#include "core/found_frames.h"
#include "core/index_repair.h"
#include "core/loose_bytes.h"
#include "core/mapping.h"
#include "core/paths.h"
#include "core/set_aside.h"
#include "core/sync_directory.h"
#include "core/torn_seal.h"
#include "core/writer_list.h"

namespace millrace {

namespace {

class Mender {
 public:
  Mender(Env& env, const std::string& directory, const LogMending& mending, RecoveredLog& log)
      : env_(env), directory_(directory), mending_(mending), log_(log) {}

  Result<void> run() {
    if (Result<void> removed = unlink_trimmed(); !removed) return removed;
    if (Result<void> moved = set_aside(); !moved) return moved;
    if (log_.segments.empty()) return forget_first_segment();
    const std::size_t last = log_.segments.size() - 1;
    const std::size_t first_unindexed = log_.segments.index_of(unindexed_from());
    const std::size_t first_found = log_.segments.index_of(found_from());
    for (std::size_t i = std::min(first_unindexed, first_found); i <= last; ++i) {
      Result<Mapping> mapping = map(i);
      if (!mapping) return mapping.error();
      if (i >= first_unindexed) {
        if (Result<void> done = mend_index(i, mapping->bytes()); !done) return done;
      }
      if (i < first_found) continue;
      if (Result<void> done = mend_around(i, mapping->bytes()); !done) return done;
    }
    return log_.report.past_cache ? sync_survivors() : Result<void>{};
  }

 private:
  [[nodiscard]] bool system_died() const noexcept {
    return log_.report.last_end == LastEnd::kSystemDied;
  }
  [[nodiscard]] LogPosition mark(const std::atomic<std::uint64_t>& word) const noexcept {
    return {word.load(std::memory_order_relaxed)};
  }
  // The index may lack slots of frames that survived, and may have slots of frames that did not.
  [[nodiscard]] LogPosition unindexed_from() const noexcept {
    const ControlPage& page = log_.control->page();
    return std::min(mark(system_died() ? page.indexed : page.committed), log_.tail);
  }
  // Frames from here on are the log's though nobody had promised them.
  [[nodiscard]] LogPosition found_from() const noexcept {
    return std::min(system_died() ? log_.durable : mark(log_.control->page().committed), log_.tail);
  }
  // Where a position lies in a segment that begins below or at it, or where its data begins.
  [[nodiscard]] FileOffset offset_in(std::size_t index, LogPosition at) const noexcept {
    const Segment& segment = log_.segments[index];
    return at < segment.base_position() ? FileOffset{segment.header.data_offset}
                                        : segment.offset_of(at);
  }

  Result<Mapping> map(std::size_t index) {
    const Segment& segment = log_.segments[index];
    Result<File> file = File::open(env_, segment.path, OpenMode::kRead);
    if (!file) return file.error();
    return Mapping::map(*file, FileOffset{0}, segment.header.file_bytes, MapMode::kRead);
  }

  Result<void> unlink_trimmed() {
    // The page says so on the disk before they go: an older one would call for the first of them.
    if (!mending_.trimmed.empty()) {
      if (Result<void> synced = log_.control->sync(); !synced) return synced;
    }
    for (const std::string& path : mending_.trimmed) {
      if (Result<void> removed = env_.unlink(path); !removed) return removed;
    }
    return {};
  }

  // What lies behind the tear must not come back: what survives is a prefix.
  Result<void> set_aside() {
    std::vector<Segment> kept;
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < log_.segments.size(); ++i) {
      if (i < mending_.kept) {
        kept.push_back(log_.segments[i]);
      } else {
        paths.push_back(log_.segments[i].path);
      }
    }
    paths.insert(paths.end(), mending_.unreadable.begin(), mending_.unreadable.end());
    if (paths.empty()) return {};
    for (const std::string& path : paths) {
      Result<std::string> moved = move_aside(env_, directory_, std::string(file_name(path)));
      if (!moved) return moved.error();
    }
    log_.report.set_aside_segments = paths.size();
    Result<SegmentList> list = SegmentList::from(std::move(kept));
    if (!list) return list.error();
    log_.segments = std::move(*list);
    return sync_directory(env_, directory_);
  }

  // Where nothing is left of a log that was trimmed, it begins anew, with a first segment.
  Result<void> forget_first_segment() {
    std::atomic<std::uint64_t>& first = log_.control->page().first_segment;
    if (first.load(std::memory_order_relaxed) == 0) return {};
    // What was trimmed must not be taken for the beginning.
    if (Result<void> synced = sync_directory(env_, directory_); !synced) return synced;
    first.store(0, std::memory_order_relaxed);
    log_.control->stored();
    return log_.control->sync();
  }

  Result<void> mend_index(std::size_t index, Bytes bytes) {
    const IndexRepair how = log_.report.past_cache ? IndexRepair::kAll : IndexRepair::kDifferences;
    return repair_index(env_, log_.segments[index], bytes, offset_in(index, unindexed_from()),
                        log_.segments.end_of(index, log_.tail), how);
  }

  // What is not frames and not index, of a segment with frames that were found, or of the last.
  Result<void> mend_around(std::size_t index, Bytes bytes) {
    const Segment& segment = log_.segments[index];
    const bool last = index + 1 == log_.segments.size();
    const FoundFrames found{.from = offset_in(index, found_from()),
                            .end = log_.segments.end_of(index, log_.tail),
                            .goes_on = last && !log_.sealed};
    const bool any = found.from < found.end;
    // Frames of a writer may survive a crash of the system that its line in the list did not. Those
    // below the durable mark were synced together with it.
    const std::uint64_t writers = log_.control->page().writer_epoch.load(std::memory_order_relaxed);
    Result<void> done = any || system_died() ? repair_writers(env_, segment, bytes, found, writers)
                                             : drop_half_noted(env_, segment, bytes);
    if (!done || log_.report.last_end == LastEnd::kClosed) return done;
    const Segment* const next = last ? nullptr : &log_.segments[index + 1];
    done = erase_loose_bytes(env_, segment, bytes, found, next);
    const bool doubtful = system_died() && (any || found.goes_on);
    return done && doubtful ? drop_seal(env_, segment, bytes) : done;
  }

  // What was found on the device may be in its memory only, and the index was just written.
  Result<void> sync_survivors() {
    const LogPosition indexed = mark(log_.control->page().indexed);
    for (std::size_t i = log_.segments.index_of(indexed); i < log_.segments.size(); ++i) {
      Result<File> file = File::open(env_, log_.segments[i].path, OpenMode::kReadWrite);
      if (!file) return file.error();
      if (Result<void> synced = file->sync_data(); !synced) return synced;
    }
    return sync_directory(env_, directory_);
  }

  Env& env_;
  const std::string& directory_;
  const LogMending& mending_;
  RecoveredLog& log_;
};

}  // namespace

Result<void> mend_log(Env& env, const std::string& directory, const LogMending& mending,
                      RecoveredLog& log) {
  return Mender(env, directory, mending, log).run();
}

}  // namespace millrace
