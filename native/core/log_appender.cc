#include "core/log_appender.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "core/guarded_copy.h"
#include "core/packed_record.h"

namespace millrace {

// Records order[from, to) of a batch, which go into the active segment together.
struct LogAppender::Run {
  std::size_t from = 0;
  std::size_t to = 0;
  std::uint64_t bytes = 0;
};

LogAppender::LogAppender(const LogContext& context, std::string directory,
                         const LogIdentity& identity, const LogOptions& options,
                         const RecoveredLog& recovered)
    : context_(context),
      directory_(std::move(directory)),
      identity_(identity),
      options_(options),
      control_(recovered.control),
      next_segment_(std::make_shared<NextSegment>(
          *context.env, directory_,
          options.sync_commits ? SegmentFill::kZeros : SegmentFill::kReserved)),
      order_(recovered.order),
      tail_(recovered.tail),
      resume_at_(recovered.resume_at),
      sealed_(recovered.sealed),
      checkpoint_asked_(recovered.tail) {
  marks_.move({order_.next, sealed_}, tail_, order_.arrival);
  if (!control_) return;
  epoch_ = control_->page().writer_epoch.load(std::memory_order_relaxed);
  checkpointer_ =
      std::make_shared<Checkpointer>(context_.env, directory_, control_, recovered.checkpointed,
                                     recovered.durable_next, order_.next);
  if (recovered.segments.empty()) return;
  last_segment_ = recovered.segments.back();
  // An earlier process may have died before it synced these.
  if (recovered.checkpointed < recovered.tail) {
    for (std::size_t i = recovered.segments.index_of(recovered.checkpointed);
         i < recovered.segments.size(); ++i) {
      const Segment& segment = recovered.segments[i];
      checkpointer_->segment_started(segment.path, segment.base_position(), nullptr, true);
    }
  }
}

LogAppender::~LogAppender() {
  let_go_of_segment();
  next_segment_->settle();
}

Result<void> LogAppender::check_open() const {
  if (sealed_) return Error{.code = Errc::kSealed, .message = directory_ + ": the log has ended"};
  if (checkpointer_ && checkpointer_->poisoned()) return checkpointer_->poison_error();
  return {};
}

Result<void> LogAppender::check(const PackedBatch& batch) const {
  for (const std::uint32_t index : batch.order) {
    if (!PackedRecord::fits(batch, index)) {
      return Error{.code = Errc::kTooLarge,
                   .message = "record " + std::to_string(index) +
                              " of the batch lies outside its bytes, or exceeds the limits of "
                              "1024 bytes of key and 10 MiB of payload",
                   .detail = index};
    }
  }
  return check_numbers(batch.order.size());
}

Result<void> LogAppender::check_numbers(std::uint64_t count) const {
  if (order_.next.value + count < kSequenceLimit) return {};
  return Error{.code = Errc::kSealed, .message = directory_ + ": sequence numbers are used up"};
}

Result<void> LogAppender::check_backlog() {
  if (!options_.sync) return {};
  const std::uint64_t waiting = tail_.bytes - checkpointer_->durable().bytes;
  const bool numbers = resume_at_.value >= checkpointer_->reserved().value;
  if (waiting < options_.backlog_bytes && !numbers) return {};
  checkpointer_->run_soon(*context_.background);
  return Error{.code = Errc::kBacklog,
               .message = directory_ + ": " + std::to_string(waiting) + " bytes wait for the disk"};
}

// What has to hold before records are placed: files, an epoch, room in the backlog, a young
// segment.
Result<void> LogAppender::begin_append(std::uint64_t first_stride, ArrivalTime arrival) {
  if (Result<void> ready = make_ready(first_stride, arrival); !ready) return ready;
  if (Result<void> free = check_backlog(); !free) return free;
  const SegmentHeader& header = writer_->segment().header;
  const bool old = arrival.ms - header.created_ms >= options_.segment_age_ms;
  if (!old || writer_->tail().bytes <= header.data_offset) return {};
  return roll(first_stride, arrival, SealReason::kAge);
}

// The active segment takes a frame of this stride.
Result<void> LogAppender::make_room(std::uint64_t stride, ArrivalTime arrival) {
  if (stride <= writer_->room() && writer_->spans(order_.next)) return {};
  return roll(stride, arrival, SealReason::kSize);
}

Result<std::size_t> LogAppender::append(const PackedBatch& batch, AppendedSlots out) {
  if (Result<void> open = check_open(); !open) return open.error();
  if (Result<void> sane = check(batch); !sane) return sane.error();
  if (batch.order.empty()) return std::size_t{0};
  const std::uint64_t first = PackedRecord(batch, batch.order[0]).stride();
  const ArrivalTime arrival = std::max(batch.arrival, order_.arrival);
  if (Result<void> ready = begin_append(first, arrival); !ready) return ready.error();
  std::size_t done = 0;
  while (done < batch.order.size()) {
    Result<std::size_t> run = append_run(batch, done, arrival, out);
    if (!run && done == 0) return run.error();
    if (!run) break;
    done += *run;
  }
  return done;
}

Result<AppendedRecord> LogAppender::append_one(const FrameContent& content, ArrivalTime arrival) {
  assert(!options_.written);
  if (Result<void> open = check_open(); !open) return open.error();
  if (content.key.size() > kKeyBytesMax ||
      content.payload.size() > kRecordBytesMax - content.key.size()) {
    return Error{.code = Errc::kTooLarge, .message = directory_ + ": the record is too large"};
  }
  if (Result<void> free = check_numbers(1); !free) return free.error();
  const ArrivalTime clamped = std::max(arrival, order_.arrival);
  const std::size_t length =
      frame_length(content.key.size(), content.hash_key != nullptr, content.payload.size());
  const std::uint64_t stride = frame_stride(static_cast<std::uint32_t>(length));
  if (Result<void> ready = begin_append(stride, clamped); !ready) return ready.error();
  if (Result<void> room = make_room(stride, clamped); !room) return room.error();
  if (Result<void> ready = writer_->ensure(stride); !ready) return ready.error();
  // Only now: the first append behind a crash may have left out numbers.
  const AppendedRecord placed{order_.next, clamped};
  const FileOffset start = writer_->tail();
  const FrameStamp stamp{placed.sequence, static_cast<std::uint16_t>(epoch_), placed.arrival};
  SegmentWriter& writer = *writer_;
  const bool whole = guarded([&]() noexcept {
    control_->touch();  // which publish() stores to
    writer.add(content, stamp);
  });
  if (!whole) return cut_short(start);
  tally(start, 1, content.payload.size(), placed.arrival);
  advance();
  publish();
  writer.expect_another(stride);
  return placed;
}

// Appends as many records as the active segment takes, at least one.
Result<std::size_t> LogAppender::append_run(const PackedBatch& batch, std::size_t from,
                                            ArrivalTime arrival, AppendedSlots out) {
  const std::uint64_t first = PackedRecord(batch, batch.order[from]).stride();
  if (Result<void> room = make_room(first, arrival); !room) return room.error();
  Run run{from, from, 0};
  const std::uint64_t room = writer_->room();
  while (run.to < batch.order.size()) {
    const std::uint64_t stride = PackedRecord(batch, batch.order[run.to]).stride();
    if (stride > room - run.bytes || !writer_->spans({order_.next.value + (run.to - from)})) break;
    run.bytes += stride;
    ++run.to;
  }
  if (Result<void> ready = writer_->ensure(run.bytes); !ready) return ready.error();
  if (Result<void> taken = take_file(); !taken) return taken.error();
  const FileOffset start = writer_->tail();
  if (!write_run(batch, run, arrival, out)) return cut_short(start);
  advance();
  if (!options_.written) publish();
  return run.to - run.from;
}

bool LogAppender::write_run(const PackedBatch& batch, const Run& run, ArrivalTime arrival,
                            AppendedSlots out) noexcept {
  const FileOffset start = writer_->tail();
  const auto epoch = static_cast<std::uint16_t>(epoch_);
  std::uint64_t sequence = order_.next.value;
  std::uint64_t payload_bytes = 0;
  SegmentWriter& writer = *writer_;
  const bool whole = guarded([&]() noexcept {
    if (!options_.written) control_->touch();  // others publish what is written
    for (std::size_t i = run.from; i < run.to; ++i) {
      const std::uint32_t index = batch.order[i];
      const FrameContent content = PackedRecord(batch, index).content();
      writer.add(content, {{sequence}, epoch, arrival});
      out.offsets[index] = static_cast<double>(sequence);
      out.arrivals_ms[index] = static_cast<double>(arrival.ms);
      payload_bytes += content.payload.size();
      ++sequence;
    }
  });
  if (whole) tally(start, run.to - run.from, payload_bytes, arrival);
  return whole;
}

// The writer has placed so many frames since `start`.
void LogAppender::tally(FileOffset start, std::uint64_t records, std::uint64_t payload_bytes,
                        ArrivalTime arrival) noexcept {
  writer_->stored_since(start);
  if (tally_.records == 0) tally_.first_arrival = arrival;
  tally_.records += records;
  tally_.payload_bytes += payload_bytes;
  order_ = {{order_.next.value + records}, arrival, static_cast<std::uint16_t>(epoch_)};
}

// A store behind `start` raised SIGBUS: nothing of it counts, and nothing follows it.
Error LogAppender::cut_short(FileOffset start) {
  writer_->back_to(start);
  checkpointer_->poison(PoisonStage::kStore,
                        {.code = Errc::kIo, .sys_errno = EIO, .message = "SIGBUS"});
  return checkpointer_->poison_error();
}

// The log has grown up to the writer's tail.
void LogAppender::advance() {
  const LogPosition end = writer_->position();
  appended_bytes_ += end.bytes - tail_.bytes;
  tail_ = end;
  resume_at_ = order_.next;
}

// Everything up to the tail becomes readable, and will be durable in a while if it is not yet.
void LogAppender::publish(bool durable) {
  const LogPosition end = tail_;
  if (durable) {
    control_->publish_durable(end);
    checkpointer_->frames_durable(order_.next);
  } else {
    control_->publish(end);
  }
  checkpointer_->published(order_.next);
  marks_.move({order_.next, sealed_}, end, order_.arrival);
  if (!options_.written) {
    const std::uint64_t ahead = std::min<std::uint64_t>(appended_bytes_, kWindowAheadBytes);
    writer_->window()->keep_ahead(*context_.background, writer_->tail(), ahead);
  }
  if (zeros_) {
    const std::uint64_t ahead = std::min(appended_bytes_, kZerosAheadBytes);
    zeros_->keep_ahead(*context_.background, writer_->tail(), ahead);
  }
  if (writer_->tail().bytes > writer_->segment().header.file_bytes / 2) {
    next_segment_->prepare(*context_.background,
                           next_data_bytes(writer_->segment().header, options_));
  }
  if (!options_.sync) return;
  if (end.bytes - checkpoint_asked_.bytes >= options_.checkpoint_bytes) {
    checkpoint_asked_ = end;
    checkpointer_->run_soon(*context_.background);
  } else {
    checkpointer_->run_later(*context_.background, options_.checkpoint_ms);
  }
}

Result<Sequence> LogAppender::seal(ArrivalTime now) {
  if (sealed_) return Sequence{order_.next.value - 1};
  if (checkpointer_ && checkpointer_->poisoned()) return checkpointer_->poison_error();
  // As the last record arrived, so that the log's last arrival stays that of a record.
  const ArrivalTime arrival = tail_.bytes == 0 ? std::max(now, order_.arrival) : order_.arrival;
  if (Result<void> ready = make_ready(kFrameHeaderBytes, arrival); !ready) return ready.error();
  if (writer_->room() < kFrameHeaderBytes || !writer_->spans(order_.next)) {
    if (Result<void> rolled = roll(kFrameHeaderBytes, arrival, SealReason::kSize); !rolled) {
      return rolled.error();
    }
  }
  if (Result<void> ready = writer_->ensure(kFrameHeaderBytes); !ready) return ready.error();
  if (Result<void> taken = take_file(); !taken) return taken.error();
  const FileOffset start = writer_->tail();
  const auto epoch = static_cast<std::uint16_t>(epoch_);
  const Sequence end = order_.next;
  const FrameContent mark{
      .type = FrameType::kShardEnd, .flags = 0, .key = {}, .hash_key = nullptr, .payload = {}};
  const FrameStamp stamp{end, epoch, arrival};
  if (!guarded([&]() noexcept { writer_->add(mark, stamp); })) return cut_short(start);
  writer_->stored_since(start);
  order_ = {{end.value + 1}, arrival, epoch};
  advance();
  // Before the mark, which wakes, and which a commit moves: a reader looks at both, and goes by the
  // frame (LogReader::has_ended).
  std::atomic<std::uint32_t>& flag = control_->page().sealed;
  flag.store(1, std::memory_order_seq_cst);
  control_->stored();
  sealed_ = true;
  if (Result<void> settled = settle(); !settled) {
    sealed_ = false;
    (void)control_->store_words([&]() noexcept { flag.store(0, std::memory_order_seq_cst); });
    return settled.error();
  }
  publish();
  control_->wake_waiters();
  let_go_of_segment();
  finish(*writer_, SealReason::kShardEnd);
  return end;
}

// Hands a segment that gets no more frames to the helper, once its frames are on the disk.
void LogAppender::finish(const SegmentWriter& writer, SealReason reason) {
  const FinishedSegment finished{.segment = writer.segment(),
                                 .data_end = writer.tail(),
                                 .last_sequence = {order_.next.value - 1},
                                 .last_arrival = order_.arrival,
                                 .epoch = epoch_,
                                 .reason = reason,
                                 .tally = tally_,
                                 .window = writer.window()};
  if (!options_.sync) {
    context_.background->post(Background::Lane::kSync, [finished, env = context_.env] {
      (void)seal_segment(*env, finished, nullptr);  // not sealed reads the same
    });
    return;
  }
  // Not at once: a log that has just begun rolls every few milliseconds, and would sync as often.
  checkpointer_->when_durable(
      tail_, [finished, env = context_.env, background = context_.background,
              weak = std::weak_ptr(checkpointer_)] {
        // Kept until it is done: closing makes a log durable, and lets go of everything.
        background->post(Background::Lane::kSync, [finished, env, checkpointer = weak.lock()] {
          // A failed sync poisons the log by itself.
          if (checkpointer) (void)seal_segment(*env, finished, checkpointer.get());
        });
      });
}

Result<void> LogAppender::close() {
  let_go_of_segment();
  next_segment_->discard();
  if (!checkpointer_ || !options_.sync) return {};
  if (checkpointer_->poisoned()) return checkpointer_->poison_error();
  const bool opened = writer_.has_value();
  if (!opened && checkpointer_->durable() >= tail_) return {};
  if (Result<void> synced = checkpointer_->run(); !synced) return synced;
  // A crash of the system left numbers that must stay unused: the gap is still to be written.
  if (!opened && resume_at_ > order_.next) return {};
  return checkpointer_->close();
}

}  // namespace millrace
