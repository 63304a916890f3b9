#include "core/log_reader.h"

#include <algorithm>
#include <utility>

#include "core/frame.h"
#include "core/guarded_copy.h"
#include "core/paths.h"

namespace millrace {

namespace {

// So much of what was written last is taken for resident.
constexpr std::uint64_t kHotBytes = 16 * kMiB;

// A walk touches one cache line a frame, and each would be waited for. Neighbours tend to be of one
// size, so the headers of the next few frames are asked for as if they all were.
constexpr std::uint64_t kFramesAhead = 4;

void prefetch_frame(Bytes bytes, std::uint64_t at) noexcept {
  if (at < bytes.size()) __builtin_prefetch(bytes.data() + at);
}

}  // namespace

LogReader::LogReader(Env& env, std::shared_ptr<SegmentCache> cache, std::string directory,
                     const LogIdentity& identity, std::shared_ptr<const ControlView> control,
                     SegmentList segments)
    : env_(env),
      cache_(std::move(cache)),
      directory_(std::move(directory)),
      identity_(identity),
      control_(std::move(control)),
      segments_(std::move(segments)),
      residency_(std::make_shared<Residency>(env_, cache_->background())) {}

Sequence LogReader::first() const noexcept {
  const Sequence base = segments_.empty() ? kFirstSequence : segments_.front().base_sequence();
  return std::max(control_->trimmed(), base);
}

void LogReader::set_segments(SegmentList segments) {
  segments_ = std::move(segments);
  const Sequence base = segments_.empty() ? kFirstSequence : segments_.front().base_sequence();
  verified_.erase(verified_.begin(), verified_.lower_bound(base));
  unmap();
  cursor_ = {};
}

void LogReader::unmap() noexcept {
  mapping_.reset();
  mapped_base_ = {};
  recent_ = {};
}

std::vector<std::string> LogReader::drop_before(Sequence base) {
  cursor_ = {};
  std::vector<std::string> paths = segments_.drop_before(base);
  verified_.erase(verified_.begin(), verified_.lower_bound(base));
  unmap();
  return paths;
}

// The writer stores active_segment before it publishes anything in that segment. It may be rolling
// and trimming while the folder is listed: what does not fit together is kCorrupt or kNotFound, and
// whoever reads beside another process looks again (LogFollower).
Result<void> LogReader::refresh(LogPosition end) {
  const Sequence active{control_->page().active_segment.load(std::memory_order_relaxed)};
  if (end.bytes == 0) return {};
  if (!segments_.empty() && segments_.back().base_sequence() >= active) return {};
  Result<std::vector<std::string>> names = list_segment_names(env_, directory_);
  if (!names) return names.error();
  // Behind the list: the writer says what it keeps before it removes the rest. What is not there
  // is not what it keeps.
  Sequence kept = control_->first_kept();
  if (!std::ranges::binary_search(*names, segment_name(kept))) kept = {};
  for (const std::string& name : *names) {
    const std::optional<Sequence> base = parse_segment_name(name);
    if (*base < kept) continue;
    if (!segments_.empty() && *base <= segments_.back().base_sequence()) continue;
    Result<Segment> segment = read_segment(env_, join_path(directory_, name), identity_);
    if (segment && !segments_.empty()) {
      Result<void> linked = SegmentList::check_link(segments_.back(), *segment);
      if (!linked) segment = linked.error();
    }
    // A crash of the system leaves such behind the mark. One below it is missed by whoever reads
    // there: the segment before has no frames up to the mark.
    const bool left = !segment && segment.error().code == Errc::kCorrupt && !segments_.empty() &&
                      segments_.back().reaches(end);
    if (left) break;
    if (!segment) return segment.error();
    segments_.add(std::move(*segment));
  }
  if (!segments_.empty() && segments_.back().reaches(end)) return {};
  return Error{.code = Errc::kNotFound, .message = directory_ + ": its last segment is missing"};
}

Result<Bytes> LogReader::map_segment(std::size_t index) {
  const Segment& segment = segments_[index];
  if (mapping_ == nullptr || mapped_base_ != segment.base_sequence()) {
    const Sequence base = segment.base_sequence();
    std::shared_ptr<const Mapping> known;
    for (const Recent& recent : recent_) {
      if (recent.base == base) known = recent.mapping.lock();
    }
    if (known == nullptr) {
      Result<std::shared_ptr<const Mapping>> mapping = cache_->get(segment);
      if (!mapping) return mapping.error();
      known = std::move(*mapping);
      recent_[next_recent_] = {known, base};
      next_recent_ = (next_recent_ + 1) % recent_.size();
    }
    mapping_ = std::move(known);
    mapped_base_ = base;
  }
  return Bytes(mapping_->bytes());
}

Error LogReader::damaged(std::size_t segment, FileOffset at, const char* what) const {
  return Error{
      .code = Errc::kCorrupt,
      .message = segments_[segment].path + ": " + what + " at byte " + std::to_string(at.bytes),
      .detail = at.bytes};
}

// Walks headers from `start`, whose frame must carry `expected`, to the first frame at or above
// `from`. Every number is checked against the one before, so a damaged one cannot hide a record.
Result<LogReader::Cursor> LogReader::walk(std::size_t segment, Bytes bytes, FileOffset start,
                                          Sequence expected, Sequence from, FileOffset end) const {
  Cursor cursor{segment, start, expected, {}};
  while (cursor.at < end) {
    struct {
      FrameHeader header;
      std::uint64_t gap_end;
    } seen{};
    const std::uint64_t left = end.bytes - cursor.at.bytes;
    if (left < kFrameHeaderBytes) return damaged(segment, cursor.at, "half a frame");
    const std::size_t look = std::min<std::uint64_t>(left, sizeof(seen));
    const MutableBytes into{reinterpret_cast<std::byte*>(&seen), look};
    if (Result<void> copied = guarded_copy(into, bytes.subspan(cursor.at.bytes, look)); !copied) {
      return copied.error();
    }
    if (!walkable(seen.header, left)) return damaged(segment, cursor.at, "no frame");
    if (seen.header.sequence != cursor.sequence.value) {
      return damaged(segment, cursor.at, "a frame out of order");
    }
    if (is_typed(seen.header, FrameType::kGap)) {
      const bool one = seen.header.length == kFrameHeaderBytes;
      const Sequence gap_end{one ? seen.header.sequence : seen.gap_end};
      if (!gap_ends_right(seen.header, gap_end)) return damaged(segment, cursor.at, "no gap");
      if (gap_end >= from) return cursor;
      cursor.sequence = {gap_end.value + 1};
    } else {
      if (cursor.sequence >= from) return cursor;
      ++cursor.sequence.value;
    }
    const std::uint64_t stride = frame_stride(seen.header.length);
    if (cursor.at == start) {
      for (std::uint64_t ahead = 1; ahead < kFramesAhead; ++ahead) {
        prefetch_frame(bytes, start.bytes + ahead * stride);
      }
    }
    prefetch_frame(bytes, cursor.at.bytes + kFramesAhead * stride);
    cursor.at.bytes += stride;
    cursor.passed = {seen.header.arrival_ms};
  }
  return cursor;
}

Result<void> LogReader::require_resident(std::size_t index, FileOffset at, FileOffset to,
                                         FileOffset end) {
  const FileOffset hot = segments_.end_of(index, hot_from_);
  const bool all_hot = segments_[index].base_position() >= hot_from_;
  if (all_hot || at >= hot) return {};
  if (Result<Bytes> mapped = map_segment(index); !mapped) return mapped.error();
  if (residency_->is_resident(mapping_, at, to, std::min(end, hot))) return {};
  return Error{.code = Errc::kNotResident, .message = {}};
}

std::optional<ColdStretch> LogReader::take_cold() noexcept {
  std::optional<ColdStretch> cold = residency_->take_cold();
  if (cold) cold->asked_by = residency_;
  return cold;
}

void LogReader::note_hot(LogPosition end) noexcept {
  if (!began_at_) began_at_ = end;
  hot_from_ = std::max(*began_at_, LogPosition{end.bytes - std::min(end.bytes, kHotBytes)});
}

Result<LogReader::Cursor> LogReader::find(Sequence from, LogPosition log_end, bool resident_only) {
  if (cursor_.sequence == from) return cursor_;
  return find_in(segments_.index_of(from), from, log_end, resident_only);
}

Result<LogReader::Cursor> LogReader::find_in(std::size_t index, Sequence from, LogPosition log_end,
                                             bool resident_only) {
  const Segment& segment = segments_[index];
  const FileOffset end = segments_.end_of(index, log_end);
  Result<Bytes> bytes = map_segment(index);
  if (!bytes) return bytes.error();
  const FileOffset data{segment.header.data_offset};
  FileOffset start = data;
  Sequence expected = segment.base_sequence();
  if (from > segment.base_sequence()) {
    if (resident_only) {
      Result<void> there = require_resident(index, {0}, data, data);
      if (!there) return there.error();
    }
    IndexSlot slot{};
    FrameHeader header{};
    // The index may be damaged: a slot counts only if the frame it names agrees.
    const auto look_up = [&]() noexcept {
      const TimeIndex time_index(*bytes, segment.header);
      const WalkStart found = time_index.before(from, end);
      if (found.at == data || found.at >= end) return;
      if (end.bytes - found.at.bytes < kFrameHeaderBytes) return;
      slot = time_index.sane_slot(time_index.cell_of(found.at));
      if (slot.offset != found.at.bytes) slot = {};
    };
    const auto look_at_frame = [&]() noexcept {
      header = load<FrameHeader>(bytes->data() + slot.offset);
    };
    bool read = guarded(look_up);
    if (read && slot.offset != 0) {
      if (resident_only) {
        const FileOffset walked{slot.offset + kWalkBytes};
        Result<void> there = require_resident(index, {slot.offset}, walked, end);
        if (!there) return there.error();
      }
      read = guarded(look_at_frame);
    }
    if (!read) return damaged(index, data, "an unreadable page in the index or");
    const std::uint64_t sequence = segment.header.base_sequence + slot.sequence_delta;
    if (slot.offset != 0 && header.sequence == sequence && sequence <= from.value) {
      start = {slot.offset};
      expected = {sequence};
    }
  }
  if (resident_only) {
    const FileOffset walked{start.bytes + kWalkBytes};
    if (Result<void> there = require_resident(index, start, walked, end); !there) {
      return there.error();
    }
  }
  return walk(index, *bytes, start, expected, from, end);
}

// Copies what the page can probably take, judging by the size of its first frame. Answers how many
// bytes: 0 when not even one frame fits.
Result<std::uint64_t> LogReader::copy_chunk(const Cursor& cursor, FileOffset end, PageFill& fill) {
  Result<Bytes> bytes = map_segment(cursor.segment);
  if (!bytes) return bytes.error();
  const std::uint64_t left = end.bytes - cursor.at.bytes;
  // So far only gaps were passed: they take no room from the first record.
  if (fill.page.count == 0) fill.used_bytes = 0;
  FrameHeader header{};
  if (left < sizeof(header)) return damaged(cursor.segment, cursor.at, "half a frame");
  const MutableBytes head{reinterpret_cast<std::byte*>(&header), sizeof(header)};
  if (Result<void> copied = guarded_copy(head, bytes->subspan(cursor.at.bytes, sizeof(header)));
      !copied) {
    return copied.error();
  }
  if (!walkable(header, left)) return damaged(cursor.segment, cursor.at, "no frame");
  const std::uint64_t stride = frame_stride(header.length);
  const std::uint64_t capacity =
      align_down<std::uint64_t>(fill.into.bytes.size() - fill.used_bytes, kFrameAlignment);
  if (stride > capacity) {
    fill.full = true;
    fill.lacking_bytes = fill.used_bytes + stride;
    return std::uint64_t{0};
  }
  const std::uint64_t payload_left =
      fill.limits.payload_bytes - std::min(fill.payload_bytes, fill.limits.payload_bytes);
  const std::uint64_t frames = std::min<std::uint64_t>(
      fill.records_left(),
      payload_left / std::max<std::uint64_t>(1, header.length - kFrameHeaderBytes) + 1);
  const std::uint64_t chunk =
      std::min({left, capacity, std::max(frames, std::uint64_t{1}) * stride});
  const MutableBytes to = fill.into.bytes.subspan(fill.used_bytes, chunk);
  if (Result<void> copied = guarded_copy(to, bytes->subspan(cursor.at.bytes, chunk)); !copied) {
    return copied.error();
  }
  return chunk;
}

// Verifies and takes the whole frames of the chunk just copied; a frame that it cuts off is left
// for the next chunk.
Result<void> LogReader::take_chunk(Cursor& cursor, FileOffset end, std::uint64_t chunk,
                                   PageFill& fill) const {
  const FrameSeed seed = seed_of(segments_[cursor.segment].header);
  const Bytes copied = Bytes(fill.into.bytes).subspan(fill.used_bytes, chunk);
  std::uint64_t done = 0;
  while (done < chunk && !fill.full) {
    const Bytes rest = copied.subspan(done);
    const std::uint64_t left = end.bytes - cursor.at.bytes;
    if (rest.size() < kFrameHeaderBytes) break;
    const FrameCheck check = check_frame(rest, seed);
    const FrameHeader& header = check.frame.header;
    if (check.fault == FrameFault::kLength && walkable(header, left)) break;
    if (check.fault != FrameFault::kNone) {
      return damaged(cursor.segment, cursor.at, "a frame with a wrong checksum or header");
    }
    if (header.sequence != cursor.sequence.value || frame_stride(header.length) > left) {
      return damaged(cursor.segment, cursor.at, "a frame out of order");
    }
    const bool gap = is_typed(header, FrameType::kGap);
    const Sequence last = gap ? gap_end(rest.data(), check.frame) : Sequence{header.sequence};
    // The caller would go on in that segment, and never see what lies between.
    if (gap && segments_.index_of(last) != cursor.segment) {
      return damaged(cursor.segment, cursor.at, "a gap that ends in a later segment");
    }
    if (is_typed(header, FrameType::kData) && !fill.take(check.frame, fill.used_bytes + done)) {
      fill.full = true;
      break;
    }
    cursor.sequence = {last.value + 1};
    cursor.at.bytes += frame_stride(header.length);
    done += frame_stride(header.length);
  }
  fill.used_bytes += done;
  return {};
}

Result<void> LogReader::fill_segment(Cursor& cursor, FileOffset end, PageFill& fill) {
  while (cursor.at < end && !fill.full) {
    if (fill.records_left() == 0) {
      fill.full = true;
      break;
    }
    if (fill.limits.resident_only) {
      // A frame's header is looked at even where the frame has no room.
      const std::uint64_t room = fill.into.bytes.size() - fill.used_bytes;
      const FileOffset to{cursor.at.bytes + std::max<std::uint64_t>(room, kFrameHeaderBytes)};
      if (Result<void> there = require_resident(cursor.segment, cursor.at, to, end); !there) {
        return there;
      }
    }
    Result<std::uint64_t> chunk = copy_chunk(cursor, end, fill);
    if (!chunk) return chunk.error();
    if (*chunk == 0) break;
    if (Result<void> taken = take_chunk(cursor, end, *chunk, fill); !taken) return taken;
  }
  return {};
}

Result<Page> LogReader::read(Sequence from, const PageLimits& limits, const PageBuffers& into) {
  // Acquire, and before the mark: once it is set, every record lies below the mark.
  const bool sealed = control_->page().sealed.load(std::memory_order_acquire) != 0;
  const LogPosition end = visible();
  if (Result<void> known = refresh(end); !known) return known.error();
  note_hot(end);
  PageFill fill{.limits = limits, .into = into, .page = {}};
  fill.page.first = first();
  fill.page.next = from;
  if (from < fill.page.first) {
    return Error{.code = Errc::kTrimmed, .message = {}, .detail = fill.page.first.value};
  }
  if (segments_.empty()) {
    fill.page.at_tail = true;
    fill.page.tail = fill.page.first;
    return fill.page;
  }
  Result<Cursor> found = find(from, end, limits.resident_only);
  if (!found) return found.error();
  Cursor cursor = *found;
  Result<void> filled;
  for (;;) {
    const FileOffset segment_end = segments_.end_of(cursor.segment, end);
    filled = fill_segment(cursor, segment_end, fill);
    if (!filled || fill.full || cursor.segment + 1 == segments_.size()) break;
    ++cursor.segment;
    cursor.at = {segments_[cursor.segment].header.data_offset};
    cursor.sequence = segments_[cursor.segment].base_sequence();
  }
  // Damage ends the page; the next call, starting there, reports it.
  const bool waits = !filled && filled.error().code == Errc::kNotResident;
  if (!filled && (waits || fill.page.count == 0)) return filled.error();
  if (fill.lacking_bytes != 0 && fill.page.count == 0) {
    return Error{.code = Errc::kTooLarge, .message = {}, .detail = fill.lacking_bytes};
  }
  cursor_ = filled ? cursor : Cursor{};
  fill.page.next = std::max(from, cursor.sequence);
  fill.page.at_tail = filled.ok() && !fill.full;
  if (fill.page.at_tail) fill.page.tail = cursor.sequence;
  if (fill.page.at_tail && sealed) {
    const Result<bool> ended = has_ended(cursor.sequence, end, limits.resident_only);
    if (!ended && fill.page.count == 0) return ended.error();
    fill.page.ended = ended && *ended;
    fill.page.at_tail = ended.ok();  // otherwise the next call says what is wrong
  }
  return fill.page;
}

// The word in the control page says so a moment before it can be read, and a damaged page says
// anything.
Result<bool> LogReader::has_ended(Sequence tail, LogPosition end, bool resident_only) {
  if (ended_at_ == end) return true;
  if (segments_.empty()) return false;
  const std::size_t last = segments_.size() - 1;
  const Sequence sequence{tail.value - 1};
  Result<Cursor> found = find_in(last, sequence, end, resident_only);
  if (!found) return found.error();
  const FileOffset segment_end = segments_.end_of(last, end);
  if (found->at >= segment_end || segment_end.bytes - found->at.bytes < kFrameHeaderBytes) {
    return false;
  }
  Result<Bytes> bytes = map_segment(last);
  if (!bytes) return bytes.error();
  FrameHeader header{};
  const MutableBytes into{reinterpret_cast<std::byte*>(&header), sizeof(header)};
  Result<void> copied = guarded_copy(into, bytes->subspan(found->at.bytes, sizeof(header)));
  if (!copied) return copied.error();
  if (header.sequence != sequence.value || !is_typed(header, FrameType::kShardEnd)) return false;
  ended_at_ = end;
  return true;
}

}  // namespace millrace
