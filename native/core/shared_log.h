#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/control_file.h"
#include "core/log_appender.h"
#include "core/log_options.h"
#include "core/recovery.h"
#include "core/result.h"
#include "core/segment_list.h"
#include "core/trimmed_segments.h"
#include "core/units.h"

namespace millrace {

// What the threads of a process share of one log that they write: the appender, which belongs to
// one of them at a time, and the list of segments, from which each makes its own reader. Threads
// have it through a ShardLog each.
class SharedLog {
 public:
  SharedLog(const LogContext& context, std::string directory, const LogIdentity& identity,
            const LogOptions& options, RecoveredLog recovered);
  SharedLog(const SharedLog&) = delete;
  SharedLog& operator=(const SharedLog&) = delete;
  ~SharedLog();

  // One more thread has the log. False once the last one has left: then it has to be opened again.
  bool enter();
  // A thread has done with it; the last one closes the log, or lets it be as if the process had
  // died here.
  Result<void> leave(bool close);

  [[nodiscard]] bool is_used();

  // The appender, for as long as the guard lives.
  class Appending {
   public:
    explicit Appending(SharedLog& log) : log_(log), guard_(log.appending_) {}
    ~Appending() { log_.note_files(); }
    Appending(const Appending&) = delete;
    Appending& operator=(const Appending&) = delete;
    [[nodiscard]] LogAppender& appender() const noexcept { return log_.appender_; }

   private:
    SharedLog& log_;
    std::lock_guard<std::mutex> guard_;
  };

  // The rest any thread may call at any time.
  [[nodiscard]] const LogMarks& marks() const noexcept { return appender_.marks(); }
  [[nodiscard]] const LogContext& context() const noexcept { return context_; }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] const LogIdentity& identity() const noexcept { return identity_; }
  [[nodiscard]] const LogOptions& options() const noexcept { return options_; }
  [[nodiscard]] const RecoveryReport& report() const noexcept { return report_; }

  // Null until the log has files.
  std::shared_ptr<ControlFile> control();
  std::shared_ptr<Checkpointer> checkpointer();
  // Changes whenever the log gets files, and with each change of the list. 0: no files yet.
  [[nodiscard]] std::uint64_t version() const noexcept {
    // Acquire pairs with the release of whoever changed the list; segments() locks anyway.
    return version_.load(std::memory_order_acquire);
  }
  struct Listed {
    SegmentList segments;
    std::uint64_t version;
  };
  Listed segments();
  void trim(Sequence before);

 private:
  void note_files();
  void list_started(std::vector<Segment> started);

  const LogContext context_;
  const std::string directory_;
  const LogIdentity identity_;
  const LogOptions options_;
  const RecoveryReport report_;

  std::mutex appending_;  // guards appender_, but for its marks
  LogAppender appender_;

  std::mutex files_;  // guards the three below; held for moments
  std::shared_ptr<ControlFile> control_;
  std::shared_ptr<Checkpointer> checkpointer_;
  SegmentList segments_;
  const std::shared_ptr<TrimmedSegments> trimmed_;  // shared with its tasks
  std::atomic<std::uint64_t> version_{0};           // stored holding files_

  std::mutex users_;  // guards the count; held while the last user closes
  std::size_t user_count_ = 1;
};

}  // namespace millrace
