#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "core/give_way.h"

namespace millrace {

// The threads that do what the event loop must not wait for. One object serves every log of a
// store, or of a process; a lane's thread starts with its first task. They give way to other
// threads (give_way.h): one busy with a checkpoint and one with pages would take both cores of a
// small machine, and the event loop would get its turn every few milliseconds.
//
// Tasks of a lane run one after another, in the order of their posting; a timed task joins the lane
// when it is due. Tasks must not throw and must not outlive what they refer to: they own shared
// pointers. Any thread may post. The destructor runs what was posted, drops what is not yet due,
// and joins.
class Background {
 public:
  enum class Lane : std::uint8_t {
    kPages,  // populate windows, prepare segments, unmap, unlink: short and urgent
    kSync,   // checkpoints and seals: as slow as the disk
  };
  using Task = std::function<void()>;

  Background() = default;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background();

  void post(Lane lane, Task task);
  void post_after(Lane lane, std::uint64_t delay_ms, Task task);
  // Returns once every task posted to both lanes before the call has run. Timed tasks are not
  // waited for. Not from a task.
  void drain();

 private:
  struct LaneState {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Task> due;
    std::multimap<std::uint64_t, Task> later;  // by steady clock milliseconds
    bool stopping = false;
    std::thread thread;
  };

  LaneState& lane_state(Lane lane) noexcept { return lanes_[static_cast<std::size_t>(lane)]; }
  static void start_if_needed(LaneState& lane, Haste haste);
  static void run(LaneState& lane);

  std::array<LaneState, 2> lanes_;
};

}  // namespace millrace
