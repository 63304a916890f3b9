#include "core/recovery.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/control_trust.h"
#include "core/device_segment.h"
#include "core/file.h"
#include "core/guarded_copy.h"
#include "core/last_end.h"
#include "core/log_mending.h"
#include "core/mapping.h"
#include "core/paths.h"
#include "core/suspect_cache.h"
#include "core/time_index.h"

namespace millrace {

namespace {

// After the death of a process the page cache is whole: so much of the tail is verified all the
// same.
constexpr std::uint64_t kProcessWindowBytes = 1 * kMiB;
// Numbers skipped when nothing says which were used.
constexpr std::uint64_t kBlindJump = std::uint64_t{1} << 26;

Error corrupt(std::string message, std::uint64_t at = 0) {
  return Error{.code = Errc::kCorrupt, .message = std::move(message), .detail = at};
}

// Whether a log whose first kept segment begins at `first`, or was never trimmed, begins with it.
bool begins(const Segment& segment, Sequence first) noexcept {
  if (first.value != 0) return segment.base_sequence() == first;
  return segment.header.ordinal == 0 && segment.base_position().bytes == 0 &&
         segment.base_sequence() == kFirstSequence;
}

// Whether a segment goes on where the frames before it end.
bool goes_on(const Segment& segment, LogPosition tail, const FrameOrder& order) noexcept {
  return segment.base_position() == tail && segment.base_sequence() == order.next &&
         segment.header.previous_arrival_ms == std::max<std::int64_t>(0, order.arrival.ms);
}

// Everything the steps below share.
struct Recovery {
  Env& env;
  const std::string& directory;
  const LogIdentity& identity;
  RecoveredLog log = {};
  LogMending mending = {};
  std::shared_ptr<Mapping> mapping = {};
  std::size_t mapped = SIZE_MAX;
  // A write or sync of this boot failed: above the durable mark only the device is believed.
  bool past_cache = false;

  Result<Segment> read_head(const std::string& path) const;
  Result<void> load_segments();
  Result<Bytes> map(std::size_t index);
  // Verifies frames from the index slot below `from` to `limit`; both lie in segment `index`.
  Result<TailScan> scan(std::size_t index, FileOffset from, FileOffset limit);
  // The same to the end of what the segment's device holds; and the page cache agrees with it.
  Result<TailScan> scan_device(std::size_t index, FileOffset from);
  [[nodiscard]] FileOffset indexed_below(std::size_t index, FileOffset from) const noexcept;
  Result<void> trust_tail();
  Result<void> take_unpublished(std::size_t last);
  Result<void> find_tail();
};

// The header of a segment that no checkpoint has covered may itself be on its way only.
Result<Segment> Recovery::read_head(const std::string& path) const {
  Result<Segment> segment = read_segment(env, path, identity);
  if (!past_cache || !segment) return segment;
  const LogPosition durable{log.control->page().durable.load(std::memory_order_relaxed)};
  if (segment->base_position() < durable) return segment;
  Result<DeviceSegment> device = DeviceSegment::open(env, path);
  if (!device) return device.error();
  return device->head(identity);
}

Result<void> Recovery::load_segments() {
  const bool system_died = log.report.last_end == LastEnd::kSystemDied;
  Result<std::vector<std::string>> names = list_segment_names(env, directory);
  if (!names) return names.error();
  const ControlPage& page = log.control->page();
  const Sequence first{page.first_segment.load(std::memory_order_relaxed)};
  // Of names that were never synced, any may be there.
  const bool promised = !system_died || page.durable.load(std::memory_order_relaxed) != 0;
  std::vector<Segment> segments;
  for (const std::string& name : *names) {
    const std::string path = join_path(directory, name);
    if (*parse_segment_name(name) < first) {
      mending.trimmed.push_back(path);
      continue;
    }
    Result<Segment> segment = read_head(path);
    if (segment && system_died && !segments.empty()) {
      Result<void> linked = SegmentList::check_link(segments.back(), *segment);
      if (!linked) segment = linked.error();
    }
    const bool leads = !segment || !segments.empty() || begins(*segment, first);
    if (!leads && !promised) segment = corrupt(path + ": the segment before it is missing");
    if (segment && mending.unreadable.empty()) {
      segments.push_back(std::move(*segment));
    } else if (segment || segment.error().code == Errc::kCorrupt) {
      if (!system_died && !segment) return segment.error();
      mending.unreadable.push_back(path);
    } else {
      return segment.error();
    }
  }
  const bool starts_right =
      segments.empty() ? first.value == 0 || !promised : begins(segments.front(), first);
  if (!starts_right) {
    const std::string found = segments.empty() ? "none" : segments.front().path;
    return corrupt(directory + ": the first segment is missing; the first one found is " + found);
  }
  Result<SegmentList> list = SegmentList::from(std::move(segments));
  if (!list) return list.error();
  log.segments = std::move(*list);
  return {};
}

Result<Bytes> Recovery::map(std::size_t index) {
  if (mapped != index) {
    Result<File> file = File::open(env, log.segments[index].path, OpenMode::kRead);
    if (!file) return file.error();
    Result<Mapping> fresh =
        Mapping::map(*file, FileOffset{0}, log.segments[index].header.file_bytes, MapMode::kRead);
    if (!fresh) return fresh.error();
    mapping = std::make_shared<Mapping>(std::move(*fresh));
    mapped = index;
  }
  return Bytes(mapping->bytes());
}

Result<TailScan> Recovery::scan(std::size_t index, FileOffset from, FileOffset limit) {
  Result<Bytes> bytes = map(index);
  if (!bytes) return bytes.error();
  const SegmentHeader& header = log.segments[index].header;
  TailScan scan;
  FileOffset start;
  const bool read = guarded([&]() noexcept {
    // Below `from`, so that what precedes it is known: a slot of `from` itself may be that of a
    // frame that was torn.
    start = TimeIndex(*bytes, header).below(from).at;
    std::optional<FrameOrder> order;
    if (start.bytes == header.data_offset) order = opening_order(*bytes, header);
    scan = scan_frames(*bytes, header, start, limit, order);
  });
  if (!read) {
    return Error{.code = Errc::kIo, .message = log.segments[index].path + ": unreadable page"};
  }
  log.report.scanned_bytes += scan.end.bytes - start.bytes;
  log.report.stop = scan.stop;
  return scan;
}

Result<TailScan> Recovery::scan_device(std::size_t index, FileOffset from) {
  const Segment& segment = log.segments[index];
  Result<DeviceSegment> device = DeviceSegment::open(env, segment.path);
  if (!device) return device.error();
  Result<TailScan> scan = device->scan(segment.header, from);
  if (!scan || scan->end < from) return scan;
  Result<Bytes> cached = map(index);
  if (!cached) return cached.error();
  Result<std::size_t> put_right = device->put_right(*cached, from, scan->end);
  if (!put_right) return put_right.error();
  log.report.scanned_bytes += scan->end.bytes - from.bytes;
  log.report.stop = scan->stop;
  return scan;
}

// Slots of frames that no checkpoint has covered may be those of frames that an earlier crash took:
// a walk that is to meet every frame above the mark begins below them.
FileOffset Recovery::indexed_below(std::size_t index, FileOffset from) const noexcept {
  const Segment& segment = log.segments[index];
  const LogPosition indexed{log.control->page().indexed.load(std::memory_order_relaxed)};
  if (indexed <= segment.base_position()) return {segment.header.data_offset};
  return std::min(from, segment.offset_of(indexed));
}

// The commit mark is to be believed: checks the last frames and learns what follows them.
Result<void> Recovery::trust_tail() {
  const ControlPage& page = log.control->page();
  log.tail = {page.committed.load(std::memory_order_relaxed)};
  log.durable = {page.durable.load(std::memory_order_relaxed)};
  if (log.segments.empty()) {
    if (log.tail.bytes == 0) return {};
    return corrupt(directory + ": every segment is missing");
  }
  const std::size_t last = log.segments.size() - 1;
  const Segment& segment = log.segments[last];
  const FileOffset end = log.segments.end_of(last, log.tail);
  if (log.tail < segment.base_position() || segment.position_of(end) != log.tail) {
    return corrupt(segment.path + ": the commit mark " + std::to_string(log.tail.bytes) +
                   " lies outside the last segment");
  }
  const std::uint64_t data = segment.header.data_offset;
  const std::uint64_t window = std::min(end.bytes - data, kProcessWindowBytes);
  const bool closed = log.report.last_end == LastEnd::kClosed;
  const FileOffset from{closed ? end.bytes - std::min<std::uint64_t>(window, 1)
                               : end.bytes - window};
  Result<TailScan> scanned = scan(last, from, end);
  if (!scanned) return scanned.error();
  const bool whole = scanned->stop == ScanStop::kLimit || scanned->stop == ScanStop::kShardEnd;
  if (!whole || scanned->end != end) {
    return corrupt(segment.path + ": a committed frame is damaged at byte " +
                       std::to_string(scanned->end.bytes),
                   scanned->end.bytes);
  }
  if (end.bytes == data) {
    log.order = {segment.base_sequence(), {segment.header.previous_arrival_ms}, 0};
  } else {
    log.order = scanned->order;
  }
  // Read from the frames: a writer that died while sealing may have left the flag alone.
  log.sealed = scanned->stop == ScanStop::kShardEnd;
  if (!log.sealed) {
    if (Result<void> taken = take_unpublished(last); !taken) return taken;
  }
  // Closing moves the mark behind everything: one that is lower lost its value, and would have
  // records overwritten.
  if (closed && segment.position_of(end) != log.tail) {
    return corrupt(segment.path + ": frames lie behind the commit mark of a log that was closed",
                   end.bytes);
  }
  log.resume_at = log.order.next;
  log.durable_next = closed ? log.order.next : kFirstSequence;
  return {};
}

// Whole frames behind the commit mark, next in order, are the log's: their writer died between
// storing and publishing them. So a mark that has lost a bit cannot hide records either.
Result<void> Recovery::take_unpublished(std::size_t last) {
  Result<Bytes> bytes = map(last);
  if (!bytes) return bytes.error();
  const Segment& segment = log.segments[last];
  const FileOffset end = segment.offset_of(log.tail);
  TailScan behind;
  const bool read = guarded([&]() noexcept {
    FrameOrder order = log.order;
    if (end.bytes == segment.header.data_offset) {
      order.epoch = opening_order(*bytes, segment.header).epoch;
    }
    behind = scan_frames(*bytes, segment.header, end, {segment.header.file_bytes}, order);
  });
  if (!read) return Error{.code = Errc::kIo, .message = segment.path + ": unreadable page"};
  if (behind.end == end) return {};
  log.report.scanned_bytes += behind.end.bytes - end.bytes;
  log.tail = segment.position_of(behind.end);
  log.order = behind.order;
  log.sealed = behind.stop == ScanStop::kShardEnd;
  return {};
}

// Nothing above the durable mark is sure: walks from there to the first frame that is not.
Result<void> Recovery::find_tail() {
  const ControlPage& page = log.control->page();
  log.durable = {page.durable.load(std::memory_order_relaxed)};
  const Sequence reserved{page.reserved_sequence.load(std::memory_order_relaxed)};
  log.tail = log.durable;
  if (log.segments.empty()) {
    if (log.durable.bytes != 0) return corrupt(directory + ": every durable segment is missing");
    // Who never syncs reserves nothing: what was trimmed was used.
    log.resume_at = std::max({kFirstSequence, reserved, settled_trim(page)});
    mending.kept = 0;
    return {};
  }
  // Never synced, on purpose, or trimmed since: what there is may be whole.
  const LogPosition front = log.segments.front().base_position();
  const bool was_trimmed = page.first_segment.load(std::memory_order_relaxed) != 0;
  if (log.durable.bytes == 0 || was_trimmed) log.durable = std::max(log.durable, front);
  std::size_t index = log.segments.index_of(log.durable);
  const bool inside =
      log.segments.end_of(index, log.durable) == log.segments[index].offset_of(log.durable);
  if (log.durable < front || !inside) {
    return corrupt(log.segments[index].path + ": the durable mark lies outside the segments");
  }
  FileOffset from = log.segments[index].offset_of(log.durable);
  log.order = {
      log.segments[index].base_sequence(), {log.segments[index].header.previous_arrival_ms}, 0};
  for (;; ++index) {
    const Segment& segment = log.segments[index];
    Result<TailScan> scanned =
        past_cache ? scan_device(index, from)
                   : scan(index, indexed_below(index, from), FileOffset{segment.header.file_bytes});
    if (!scanned) return scanned.error();
    if (scanned->end < from) {
      return corrupt(segment.path + ": a durable frame is damaged at byte " +
                         std::to_string(scanned->end.bytes),
                     scanned->end.bytes);
    }
    if (scanned->end.bytes > segment.header.data_offset) log.order = scanned->order;
    log.tail = segment.position_of(scanned->end);
    log.sealed = scanned->stop == ScanStop::kShardEnd;
    const bool joined =
        index + 1 < log.segments.size() && goes_on(log.segments[index + 1], log.tail, log.order);
    if (!joined) break;
    from = {log.segments[index + 1].header.data_offset};
  }
  Result<Bytes> bytes = map(index);
  if (!bytes) return bytes.error();
  const Segment& last = log.segments[index];
  const FileOffset end = last.offset_of(log.tail);
  (void)guarded(
      [&]() noexcept { log.report.cut_frames = count_frames_behind(*bytes, last.header, end); });
  const Sequence jump =
      reserved.value != 0 ? reserved : Sequence{log.order.next.value + kBlindJump};
  log.resume_at =
      log.sealed ? log.order.next : std::max({log.order.next, jump, settled_trim(page)});
  mending.kept = index + 1;
  return {};
}

}  // namespace

Result<RecoveredLog> recover_log(Env& env, const std::string& directory,
                                 const LogIdentity& identity, std::uint64_t boot_hash) {
  Recovery recovery{.env = env, .directory = directory, .identity = identity};
  RecoveredLog& log = recovery.log;
  Result<bool> there = env.exists(join_path(directory, "ctl"));
  if (!there) return there.error();
  if (!*there) {
    Result<bool> folder = env.exists(directory);
    if (!folder) return folder.error();
    if (!*folder) return std::move(log);
    Result<std::vector<std::string>> names = list_segment_names(env, directory);
    if (!names) return names.error();
    if (names->empty()) return std::move(log);
    return corrupt(join_path(directory, "ctl") + ": missing beside segments");
  }
  Result<bool> suspect = is_cache_suspect(env, directory, boot_hash);
  if (!suspect) return suspect.error();
  Result<std::shared_ptr<ControlFile>> control = ControlFile::open(env, directory, identity);
  if (!control) {
    // A crash while the log was made leaves a half-written page and no segments: nothing was
    // stored.
    Result<std::vector<std::string>> names = list_segment_names(env, directory);
    const bool unborn = control.error().code == Errc::kCorrupt && names && names->empty();
    if (unborn) return std::move(log);
    return control.error();
  }
  log.control = std::move(*control);
  ControlPage& page = log.control->page();
  log.report.last_end = last_end_of(load_words(page), boot_hash);
  if (Result<void> sane = believe_page(page, boot_hash, directory); !sane) return sane.error();
  recovery.past_cache = *suspect;
  log.report.past_cache = *suspect;
  if (*suspect) log.report.last_end = LastEnd::kSystemDied;
  if (Result<void> loaded = recovery.load_segments(); !loaded) return loaded.error();
  if (Result<void> counted = believe_writers(env, log, directory); !counted) return counted.error();
  const bool system_died = log.report.last_end == LastEnd::kSystemDied;
  Result<void> decided = system_died ? recovery.find_tail() : recovery.trust_tail();
  if (!decided) return decided.error();
  if (Result<void> fits = believe_page_of(log, directory); !fits) return fits.error();
  if (Result<void> counted = count_listed_writers(env, log); !counted) return counted.error();
  settle_trim(*log.control);
  // What follows changes files: nothing can be refused any more.
  Result<void> mended = mend_log(env, directory, recovery.mending, log);
  if (!mended) return mended.error();
  const LogPosition indexed{page.indexed.load(std::memory_order_relaxed)};
  log.checkpointed = std::min(indexed, log.durable);
  // Before the mark: readers look for segments up to there.
  if (!log.segments.empty()) {
    log.checkpointed = std::max(log.checkpointed, log.segments.front().base_position());
    page.active_segment.store(log.segments.back().base_sequence().value, std::memory_order_relaxed);
  }
  page.committed.store(log.tail.bytes, std::memory_order_release);
  page.sealed.store(log.sealed ? 1 : 0, std::memory_order_relaxed);
  log.control->stored();
  return std::move(log);
}

}  // namespace millrace
