#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "core/append_window.h"
#include "core/background.h"
#include "core/env.h"
#include "core/result.h"

namespace millrace {

// The segment after the active one, allocated by the helper thread while the active one still has
// room, under the name `next.tmp`. Shared by the writer and its helper.
class NextSegment : public std::enable_shared_from_this<NextSegment> {
 public:
  NextSegment(Env& env, const std::string& directory, SegmentFill fill);

  // Starts the helper unless a segment is ready or on its way. Writer only; cheap when not needed.
  void prepare(Background& background, std::uint64_t data_bytes);

  struct Taken {
    std::shared_ptr<AppendWindow> window;
    std::string path;
  };
  // A window with room for at least `data_bytes_min`: the prepared one, or a new one of
  // `data_bytes`, or less where that finds no room. kNoSpace and other errors of creation.
  Result<Taken> take(std::uint64_t data_bytes, std::uint64_t data_bytes_min);
  // Waits for the helper that is at it: whoever opens the log next prepares a file of the same
  // name.
  void settle();
  // The same, and removes what was prepared in vain. The log closes.
  void discard();

 private:
  enum class State : std::uint8_t { kNone, kRunning, kReady };

  Result<std::shared_ptr<AppendWindow>> create(const std::string& path, std::uint64_t data_bytes,
                                               std::uint64_t data_bytes_min) const;

  Env& env_;
  const SegmentFill fill_;
  const std::string prepared_path_;
  const std::string urgent_path_;
  std::mutex mutex_;
  std::condition_variable idle_;          // state_ is kRunning no more
  State state_ = State::kNone;            // guarded by mutex_
  std::shared_ptr<AppendWindow> window_;  // guarded by mutex_; there when kReady
};

}  // namespace millrace
