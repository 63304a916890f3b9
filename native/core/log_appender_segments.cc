// How the appender comes by its segments: a log's first files, going on where an earlier writer
// stopped, and rolling to the next one.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/boot_hash.h"
#include "core/file.h"
#include "core/guarded_copy.h"
#include "core/log_appender.h"
#include "core/paths.h"

namespace millrace {

namespace {

// The data bytes of a segment that has room for a frame of `stride`.
std::uint64_t room_for(std::uint64_t stride) noexcept {
  return align_up<std::uint64_t>(stride + kFrameHeaderBytes, kGridBytes);
}

std::uint64_t data_bytes_of(const SegmentHeader& header) noexcept {
  return header.file_bytes - header.data_offset;
}

}  // namespace

std::uint64_t next_data_bytes(const SegmentHeader& last, const LogOptions& options) noexcept {
  return std::min(data_bytes_of(last) * 4, std::max(options.segment_bytes, kSegmentDataMin));
}

Result<void> LogAppender::make_ready(std::uint64_t first_stride, ArrivalTime arrival) {
  if (writer_) return {};
  if (!control_) {
    if (Result<void> made = make_files(); !made) return made;
  }
  Result<std::uint64_t> boot = current_boot_hash(*context_.env);
  if (!boot) return boot.error();
  // Numbers that the system took stay known as such until the gap over them is written: until then
  // the page names the boot in which they were lost.
  const bool numbers_lost = resume_at_ > order_.next;
  if (!numbers_lost) take_over(*boot);
  if (Result<void> made = make_writer(first_stride, arrival); !made) return made;
  if (!numbers_lost) return {};
  Result<void> noted = write_gap(arrival);
  if (noted) {
    take_over(*boot);
  } else {
    writer_.reset();
  }
  return noted;
}

// What this writer publishes from here on is whole as long as this boot lasts.
void LogAppender::take_over(std::uint64_t boot_hash) {
  control_->show_durable(options_.shows_durable());
  ControlPage& page = control_->page();
  page.boot_hash.store(boot_hash, std::memory_order_relaxed);
  page.poison_errno.store(0, std::memory_order_relaxed);
  page.poison_stage.store(0, std::memory_order_relaxed);
  page.state.store(static_cast<std::uint32_t>(LogState::kOpen), std::memory_order_relaxed);
  control_->stored();
}

// The folder and the control page exist before the first frame; Checkpointer::reserve sees to it
// that their names are on the disk.
Result<void> LogAppender::make_files() {
  Env& env = *context_.env;
  if (Result<void> made = env.make_directory(directory_); !made) return made;
  Result<std::shared_ptr<ControlFile>> control =
      ControlFile::create(env, directory_, identity_, options_.sync);
  if (!control) return control.error();
  control_ = std::move(*control);
  checkpointer_ = std::make_shared<Checkpointer>(context_.env, directory_, control_, LogPosition{},
                                                 kFirstSequence, order_.next);
  return {};
}

// The control page names this writer, durably; then it goes on in the last segment if that can be,
// or begins one. A segment that is begun below a page that still says "closed" would be refused.
Result<void> LogAppender::make_writer(std::uint64_t first_stride, ArrivalTime arrival) {
  Env& env = *context_.env;
  // Once, however often it fails for want of space: frames keep few bits of the count.
  if (!std::exchange(is_counted_, true)) ++epoch_;
  ControlPage& page = control_->page();
  page.writer_epoch.store(epoch_, std::memory_order_relaxed);
  page.writer_pid.store(static_cast<std::uint64_t>(::getpid()), std::memory_order_relaxed);
  control_->stored();
  if (options_.sync) {
    // Numbers are reserved from where this writer begins, behind the gap.
    checkpointer_->published(std::max(order_.next, resume_at_));
    if (Result<void> reserved = checkpointer_->reserve(); !reserved) return reserved;
  }
  if (last_segment_) {
    const FileOffset tail = last_segment_->offset_of(tail_);
    Result<SegmentWriter> resumed =
        SegmentWriter::resume(env, *last_segment_, tail, epoch_, stage());
    if (!resumed && resumed.error().code != Errc::kTooLarge) return resumed.error();
    if (resumed) writer_.emplace(std::move(*resumed));
  }
  tally_.known = !last_segment_ || tail_ == last_segment_->base_position();
  if (writer_ && writer_->is_sealed()) writer_.reset();
  if (!writer_) {
    const SegmentPlan plan = plan_segment(first_stride, arrival);
    if (Result<void> begun = begin_segment(plan, first_stride); !begun) return begun;
    tally_ = {};
  } else {
    // An earlier process may have died before it synced the name of a segment without frames.
    const LogPosition base = writer_->segment().base_position();
    const bool fresh = checkpointer_->durable() <= base;
    checkpointer_->segment_started(writer_->segment().path, base, stored_window(), fresh);
    look_at_segment();
  }
  page.active_segment.store(writer_->segment().header.base_sequence, std::memory_order_relaxed);
  control_->stored();
  return {};
}

SegmentPlan LogAppender::plan_segment(std::uint64_t stride, ArrivalTime now) const {
  const Segment* before = writer_ ? &writer_->segment() : last_segment_ ? &*last_segment_ : nullptr;
  SegmentPlan plan;
  plan.identity = identity_;
  plan.base_sequence = order_.next;
  plan.base_position = tail_;
  plan.created = now;
  plan.previous_sequence = {order_.next.value - 1};
  plan.previous_arrival = {std::max<std::int64_t>(0, order_.arrival.ms)};
  plan.data_bytes = std::max(kSegmentDataMin, options_.first_segment_bytes);
  if (before != nullptr) {
    // One that ended by its age, and is mostly empty, says that no more is needed.
    const bool was_wanted =
        !writer_ || 2 * writer_->tail().bytes > writer_->segment().header.file_bytes;
    plan.data_bytes =
        was_wanted ? next_data_bytes(before->header, options_) : data_bytes_of(before->header);
    // A segment without frames would have this one's name: it is replaced.
    const bool replaces = before->base_sequence() == plan.base_sequence;
    plan.ordinal = before->header.ordinal + (replaces ? 0 : 1);
  }
  plan.data_bytes = std::min(std::max(plan.data_bytes, room_for(stride)), kSegmentDataMax);
  return plan;
}

Result<void> LogAppender::begin_segment(SegmentPlan plan, std::uint64_t stride) {
  Env& env = *context_.env;
  const std::uint64_t needed = std::min(plan.data_bytes, room_for(stride));
  Result<NextSegment::Taken> taken = next_segment_->take(plan.data_bytes, needed);
  if (!taken) return taken.error();
  plan.data_bytes = taken->window->file_bytes() - taken->window->data_offset();
  std::array<std::byte, sizeof(plan.salt)> salt;
  if (Result<void> random = env.random_bytes(salt); !random) return random;
  plan.salt = load<std::uint64_t>(salt.data());
  Result<SegmentWriter> begun =
      SegmentWriter::begin(env, directory_, taken->window, taken->path, plan, epoch_, stage());
  if (!begun) return begun.error();
  writer_.emplace(std::move(*begun));
  started_.push_back(writer_->segment());
  checkpointer_->segment_started(writer_->segment().path, writer_->segment().base_position(),
                                 stored_window(), true);
  look_at_segment();
  return {};
}

// The first commit into a segment syncs all of it; up to where later ones may share a flush is up
// to the file. A file that does not tell is synced by each commit, or fails it.
void LogAppender::look_at_segment() {
  let_go_of_segment();
  if (!options_.sync_commits) return;
  is_fresh_ = true;
  const Result<std::shared_ptr<File>> file = open_file();
  if (!file) return;
  const Result<FileOffset> shares = context_.env->shares_flush_below((*file)->id());
  if (!shares) return;
  zeros_ = std::make_shared<ZerosAhead>(
      context_.env,
      ZerosAhead::Segment{.path = writer_->segment().path,
                          .file_bytes = writer_->segment().header.file_bytes,
                          .tail = writer_->tail(),
                          .filled = writer_->window()->filled(),
                          .shares_flush = *shares},
      checkpointer_);
}

// Numbers that the writer before may have used, and lost with the system, are never used again.
Result<void> LogAppender::write_gap(ArrivalTime now) {
  constexpr std::uint64_t kGapBytes =
      frame_stride(std::uint32_t{frame_length(0, false, sizeof(std::uint64_t))});
  // A segment that a crash caught just before it rolled may have room for its pad frame alone.
  if (writer_->room() < kGapBytes || !writer_->spans(order_.next)) {
    if (Result<void> rolled = roll(kGapBytes, now, SealReason::kSize); !rolled) return rolled;
  }
  if (Result<void> ready = writer_->ensure(kGapBytes); !ready) return ready;
  if (Result<void> taken = take_file(); !taken) return taken;
  const std::uint64_t last = resume_at_.value - 1;
  const FileOffset start = writer_->tail();
  const ArrivalTime arrival{std::max<std::int64_t>(0, order_.arrival.ms)};
  const auto epoch = static_cast<std::uint16_t>(epoch_);
  const FrameContent gap{.type = FrameType::kGap,
                         .flags = 0,
                         .key = {},
                         .hash_key = nullptr,
                         .payload = bytes_of(last)};
  const FrameStamp stamp{order_.next, epoch, arrival};
  if (!guarded([&]() noexcept { writer_->add(gap, stamp); })) return cut_short(start);
  writer_->stored_since(start);
  order_ = {resume_at_, arrival, epoch};
  advance();
  if (options_.written) return settle();
  publish();
  return {};
}

Result<void> LogAppender::roll(std::uint64_t stride, ArrivalTime arrival, SealReason reason) {
  const SegmentPlan plan = plan_segment(stride, arrival);
  SegmentWriter old = *writer_;
  const bool has_frames = old.segment().base_sequence() != plan.base_sequence;
  const FrameStamp pad{order_.next, static_cast<std::uint16_t>(epoch_), order_.arrival};
  if (options_.written && has_frames) {
    if (Result<void> taken = take_file(); !taken) return taken;
    pad_bytes_ = writer_->pad(pad);
    if (Result<void> settled = settle(); !settled) return settled;
  }
  let_go_of_segment();
  if (Result<void> begun = begin_segment(plan, stride); !begun) return begun;
  if (has_frames) {
    if (!options_.written) (void)old.pad(pad);
    finish(old, reason);
  }
  tally_ = {};
  // Relaxed: readers look here only after a commit mark in the new segment, stored with release.
  control_->page().active_segment.store(plan.base_sequence.value, std::memory_order_relaxed);
  control_->stored();
  return {};
}

}  // namespace millrace
