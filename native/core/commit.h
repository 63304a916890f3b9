#pragma once

#include <memory>
#include <vector>

#include "core/env.h"
#include "core/file.h"
#include "core/log_appender.h"
#include "core/result.h"

namespace millrace {

// What several logs have staged, written together and, if asked, made durable together: syncs in a
// row would cost a flush of the device each (docs/decisions/0001). A log counts as having written
// only when its part is whole; across logs there is no all or nothing.
//
// Used once, by a thread that has all of its logs to itself.
class Commit {
 public:
  Commit(Env& env, bool sync) : env_(env), sync_(sync) {}

  // The log's part; a log that has nothing staged has none.
  void add(LogAppender& log);
  // The same, one of several: what can goes to the device while the other logs build their frames.
  void begin(LogAppender& log);
  // Every log has landed, or is poisoned and says why. The first error.
  Result<void> run();

 private:
  struct Part {
    LogAppender* log;
    StagedWrite write;
    std::shared_ptr<File> file;  // null once the log was lost
    bool lost = false;
    bool begun = false;  // its frames were written, and may be on their way
  };

  void lose(Part& part, PoisonStage stage, const Error& cause);
  static DurableWrite durable_write(const Part& part);
  static Result<void> write_slots(Part& part);
  void write_frames();
  void sync_frames();

  Env& env_;
  const bool sync_;
  std::vector<Part> parts_;
  Result<void> outcome_;
};

}  // namespace millrace
