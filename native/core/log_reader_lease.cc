// Reading without a copy: the part of LogReader that leaves the records of a finished segment where
// they are and verifies them there.
#include <optional>
#include <utility>

#include "core/frame.h"
#include "core/guarded_copy.h"
#include "core/log_reader.h"

namespace millrace {

namespace {

enum class Ended : std::uint8_t { kEnd, kFull, kDamage };

struct LeaseWalk {
  Ended ended = Ended::kEnd;
  FileOffset at;
  Sequence sequence;
};

// Takes frames from `start` on, which must carry `sequence` and stay below `limit`. The bytes are
// somebody else's to store to, so that nothing of them is believed but what was just checked.
LeaseWalk take_frames(Bytes bytes, FrameSeed seed, const VerifiedStretch& verified,
                      FileOffset start, FileOffset end, Sequence sequence, Sequence limit,
                      PageFill& fill) noexcept {
  constexpr std::uint64_t kLeasesAhead = 8;
  constexpr std::uint64_t kLineBytes = 64;
  LeaseWalk walk{Ended::kEnd, start, sequence};
  std::uint64_t stride = 0;
  while (walk.at < end) {
    const Bytes rest = bytes.subspan(walk.at.bytes, end.bytes - walk.at.bytes);
    // Frames are mostly of one size: the head of one to come, where it probably begins. A head may
    // lie on two lines, and what follows it is wanted next.
    if (rest.size() > kLeasesAhead * stride + kLineBytes) {
      __builtin_prefetch(&rest[kLeasesAhead * stride]);
      __builtin_prefetch(&rest[kLeasesAhead * stride + kLineBytes]);
    }
    const FrameCheck check = check_frame(rest, seed, !verified.holds(walk.at));
    const FrameHeader& header = check.frame.header;
    const bool good = check.fault == FrameFault::kNone && walkable(header, rest.size()) &&
                      header.sequence == walk.sequence.value;
    const auto type = static_cast<FrameType>(header.type);
    const bool is_gap = good && type == FrameType::kGap;
    const Sequence last = is_gap ? gap_end(rest.data(), check.frame) : Sequence{header.sequence};
    if (!good || last >= limit) {
      walk.ended = Ended::kDamage;
      return walk;
    }
    if (type == FrameType::kData && !fill.take(check.frame, walk.at.bytes)) {
      walk.ended = Ended::kFull;
      return walk;
    }
    walk.sequence = {last.value + 1};
    stride = frame_stride(header.length);
    walk.at.bytes += stride;
  }
  return walk;
}

}  // namespace

Result<std::optional<LeasedSegment>> LogReader::lease(Sequence from, std::shared_ptr<Env> env) {
  const LogPosition end = visible();
  if (Result<void> known = refresh(end); !known) return known.error();
  if (segments_.empty() || from < first()) return std::optional<LeasedSegment>{};
  const std::size_t index = segments_.index_of(from);
  if (index + 1 == segments_.size()) return std::optional<LeasedSegment>{};
  const Segment& next = segments_[index + 1];
  const FileOffset written = segments_.end_of(index, next.base_position());
  if (written.bytes == segments_[index].header.data_offset) return std::optional<LeasedSegment>{};
  Result<LeasedSegment> lease =
      LeasedSegment::map(std::move(env), segments_[index], written, next.base_sequence());
  if (!lease && lease.error().code == Errc::kUnsupported) return std::optional<LeasedSegment>{};
  if (!lease) return lease.error();
  return std::optional{std::move(*lease)};
}

Result<Page> LogReader::read_leased(Sequence from, const PageLimits& limits,
                                    const PageBuffers& into, LeasedSegment& lease) {
  const LogPosition end = visible();
  if (Result<void> known = refresh(end); !known) return known.error();
  PageFill fill{.limits = limits, .into = into, .page = {}};
  fill.page.first = first();
  if (from < fill.page.first) {
    return Error{.code = Errc::kTrimmed, .message = {}, .detail = fill.page.first.value};
  }
  const std::size_t index = segments_.empty() ? 0 : segments_.index_of(from);
  if (index + 1 >= segments_.size() || !lease.is_of(segments_[index])) {
    return Error{.code = Errc::kNotFound, .message = "the lease is of another segment"};
  }
  Result<Cursor> found = find(from, end);
  if (!found) return found.error();
  const FrameSeed seed = seed_of(segments_[index].header);
  const FileOffset segment_end{
      std::min<std::uint64_t>(segments_.end_of(index, end).bytes, lease.bytes().size())};
  VerifiedStretch& verified = verified_[lease.first()];
  const Segment& next = segments_[index + 1];
  LeaseWalk walk;
  const bool read = guarded([&]() noexcept {
    walk = take_frames(lease.bytes(), seed, verified, found->at, segment_end, found->sequence,
                       next.base_sequence(), fill);
  });
  // What follows damage, or a page that cannot be read, is for read() to judge.
  if (!read) return Error{.code = Errc::kIo, .sys_errno = EIO, .message = "unreadable"};
  verified.add(found->at, walk.at);
  if (walk.ended == Ended::kDamage && fill.page.count == 0) {
    return damaged(index, walk.at, "a frame with a wrong checksum or header");
  }
  const bool over = walk.ended == Ended::kEnd && end >= next.base_position();
  cursor_ = {index, walk.at, walk.sequence, {}};
  if (over) cursor_ = {index + 1, {next.header.data_offset}, next.base_sequence(), {}};
  fill.page.next = std::max(from, cursor_.sequence);
  fill.page.at_tail = walk.ended == Ended::kEnd && end <= next.base_position();
  return fill.page;
}

}  // namespace millrace
