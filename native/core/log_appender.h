#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpointer.h"
#include "core/control_file.h"
#include "core/file.h"
#include "core/frame_stage.h"
#include "core/log_marks.h"
#include "core/log_options.h"
#include "core/next_segment.h"
#include "core/recovery.h"
#include "core/result.h"
#include "core/segment_sealer.h"
#include "core/segment_writer.h"
#include "core/units.h"
#include "core/zeros_ahead.h"

namespace millrace {

// Data bytes of the segment after `last`.
[[nodiscard]] std::uint64_t next_data_bytes(const SegmentHeader& last,
                                            const LogOptions& options) noexcept;

// What a log has staged and not yet written: its part of a commit (Commit).
struct StagedWrite {
  std::string path;  // of the segment
  FileOffset at;     // of the frames
  Bytes frames;
  FileOffset slots_at;
  Bytes slots;  // of the index; need not be durable
  bool shares_flush = false;
};

// The writing half of a log: gives records their sequence numbers, places them in the active
// segment, moves the commit mark, and begins the next segment. The files of a log come into being
// with its first append. One thread at a time.
//
// A log that is `mapped` stores through the segment's window, and append() publishes. One that is
// `written` (LogOptions) stages; what was staged counts once its owner has written staged() and
// called landed().
class LogAppender {
 public:
  LogAppender(const LogContext& context, std::string directory, const LogIdentity& identity,
              const LogOptions& options, const RecoveredLog& recovered);
  LogAppender(const LogAppender&) = delete;
  LogAppender& operator=(const LogAppender&) = delete;
  ~LogAppender();

  Result<std::size_t> append(const PackedBatch& batch, AppendedSlots out);
  // One record, which lies wherever `content` says. Of a log that is mapped.
  Result<AppendedRecord> append_one(const FrameContent& content, ArrivalTime arrival);
  Result<Sequence> seal(ArrivalTime now);
  // As ShardLog::close.
  Result<void> close();

  // What waits to be written, if anything does.
  [[nodiscard]] std::optional<StagedWrite> staged() const;
  // The segment that staged() goes into, open.
  [[nodiscard]] const std::shared_ptr<File>& file() const noexcept { return staging_file_; }
  // Whether it is to be published as soon as it is written.
  [[nodiscard]] bool shows_early() const noexcept { return options_.show_committed; }
  // It was written, but is not durable yet: publishes it if it is to be shown early.
  void written();
  // It was written and, if the log asks for that, made durable: publishes it and forgets it.
  void landed();
  // It may have been written in part: the log is poisoned.
  Error lost(PoisonStage stage, const Error& cause);
  // Whether anything staged was lost; nothing follows it then.
  [[nodiscard]] bool has_lost() const noexcept { return has_lost_; }

  // Null until the log has files.
  [[nodiscard]] const std::shared_ptr<ControlFile>& control() const noexcept { return control_; }
  [[nodiscard]] const std::shared_ptr<Checkpointer>& checkpointer() const noexcept {
    return checkpointer_;
  }
  // What is published of the log. Any thread.
  [[nodiscard]] const LogMarks& marks() const noexcept { return marks_; }
  [[nodiscard]] bool has_started() const noexcept { return !started_.empty(); }
  // Segments begun since the last call, for the reader beside.
  std::vector<Segment> take_started() noexcept { return std::exchange(started_, {}); }

 private:
  struct Run;  // records that go into one segment together (log_appender.cc)

  [[nodiscard]] Result<void> check_open() const;
  [[nodiscard]] Result<void> check(const PackedBatch& batch) const;
  [[nodiscard]] Result<void> check_numbers(std::uint64_t count) const;
  Result<void> begin_append(std::uint64_t first_stride, ArrivalTime arrival);
  Result<void> make_room(std::uint64_t stride, ArrivalTime arrival);
  Result<void> make_ready(std::uint64_t first_stride, ArrivalTime arrival);
  Result<void> make_files();
  void take_over(std::uint64_t boot_hash);
  Result<void> make_writer(std::uint64_t first_stride, ArrivalTime arrival);
  Result<void> write_gap(ArrivalTime now);
  Result<void> roll(std::uint64_t stride, ArrivalTime arrival, SealReason reason);
  void finish(const SegmentWriter& writer, SealReason reason);
  void let_go_of_segment() noexcept;
  Result<void> begin_segment(SegmentPlan plan, std::uint64_t stride);
  [[nodiscard]] SegmentPlan plan_segment(std::uint64_t stride, ArrivalTime now) const;
  Result<std::size_t> append_run(const PackedBatch& batch, std::size_t from, ArrivalTime arrival,
                                 AppendedSlots out);
  [[nodiscard]] bool write_run(const PackedBatch& batch, const Run& run, ArrivalTime arrival,
                               AppendedSlots out) noexcept;
  void tally(FileOffset start, std::uint64_t records, std::uint64_t payload_bytes,
             ArrivalTime arrival) noexcept;
  Error cut_short(FileOffset start);
  void advance();
  void publish(bool durable = false);
  Result<void> settle();
  Result<void> take_file();
  Result<void> sync_fresh(File& file);
  // The active segment: held from one commit to the next.
  Result<std::shared_ptr<File>> open_file();
  void look_at_segment();
  // The window that frames of the active segment are stored through, if they are.
  [[nodiscard]] std::shared_ptr<AppendWindow> stored_window() const {
    return options_.written ? nullptr : writer_->window();
  }
  [[nodiscard]] FrameStage* stage() noexcept { return options_.written ? &stage_ : nullptr; }
  Result<void> check_backlog();

  LogContext context_;
  const std::string directory_;
  const LogIdentity identity_;
  const LogOptions options_;

  std::shared_ptr<ControlFile> control_;
  std::shared_ptr<Checkpointer> checkpointer_;  // there whenever control_ is
  std::shared_ptr<NextSegment> next_segment_;
  FrameStage stage_;           // before writer_, which points to it
  std::size_t pad_bytes_ = 0;  // behind the tail, staged too
  // What is staged goes in there; there as long as something is.
  std::shared_ptr<File> staging_file_;
  bool is_fresh_ = false;  // commits are synced, and the segment, its header or its name may not be
  std::optional<SegmentWriter> writer_;  // there once this process has appended
  std::optional<Segment> last_segment_;  // what an earlier writer left, until writer_ is there
  std::vector<Segment> started_;
  std::weak_ptr<File> file_;           // writer_'s segment, as long as context_.held has it
  std::shared_ptr<ZerosAhead> zeros_;  // of writer_'s segment, if commits are synced

  LogMarks marks_;
  FrameOrder order_;
  LogPosition tail_;  // behind the last frame, staged ones too
  Sequence resume_at_;
  bool is_counted_ = false;  // among the log's writers: epoch_ is this one's
  std::uint64_t epoch_ = 0;
  bool sealed_ = false;
  bool has_lost_ = false;
  SegmentTally tally_;
  std::uint64_t appended_bytes_ = 0;  // by this process: how far ahead the window may go
  LogPosition checkpoint_asked_;      // the mark when a checkpoint was last asked for
};

}  // namespace millrace
