#pragma once

#include <array>
#include <future>
#include <memory>

#include "core/background.h"

namespace millrace::crash {

// Keeps the helper threads from working but when told to, so that a workload makes the same calls
// in the same order every time: one lane at a time, while its caller waits.
//
// A log must not be let go of while a task of the pages lane is waiting: it would wait for it.
class LaneGates {
 public:
  // Both lanes have nothing to do.
  explicit LaneGates(Background& background);
  LaneGates(const LaneGates&) = delete;
  LaneGates& operator=(const LaneGates&) = delete;
  ~LaneGates() { open(); }

  // What was posted to the lane before the call is done when it returns. Tasks that these have
  // posted wait for the next time.
  void run(Background::Lane lane);
  // From here on tasks run when they like.
  void open();

 private:
  struct Gate {
    std::promise<void> reached;
    std::promise<void> opened;
  };
  std::shared_ptr<Gate> close(Background::Lane lane);

  Background& background_;
  std::array<std::shared_ptr<Gate>, 2> gates_;  // by lane; null once open
};

}  // namespace millrace::crash
