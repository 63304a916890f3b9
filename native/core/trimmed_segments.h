#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/checkpointer.h"
#include "core/control_file.h"
#include "core/env.h"
#include "core/units.h"

namespace millrace {

// Segments of one log that a trim has hidden for good, and whose files are still to go. Any thread
// may call; whoever removes does so alone.
class TrimmedSegments {
 public:
  TrimmedSegments(std::shared_ptr<Env> env, std::string directory)
      : env_(std::move(env)), directory_(std::move(directory)) {}

  // The files at `paths` lie before `first_kept`, which begins at `first_kept_at`. Without a
  // checkpointer nothing is synced, unless earlier writers did.
  struct Batch {
    std::shared_ptr<ControlFile> control;
    std::shared_ptr<Checkpointer> checkpointer;
    Sequence first_kept;
    LogPosition first_kept_at;
    std::vector<std::string> paths;
  };
  void add(Batch batch);
  // Removes what was added, and waits for whoever is at it. What fails stays where it is: a longer
  // log, which a later trim meets again.
  void remove();
  // Removes nothing any more: whoever opens the log next reads its folder undisturbed.
  void abandon();

 private:
  void remove(const Batch& batch);
  static bool forget_promises(const Batch& batch) noexcept;

  const std::shared_ptr<Env> env_;
  const std::string directory_;
  std::mutex removing_;     // held through the removal
  bool abandoned_ = false;  // guarded by removing_
  std::mutex list_;         // guards added_; held for moments
  std::vector<Batch> added_;
};

}  // namespace millrace
