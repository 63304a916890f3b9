#include "core/background.h"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "core/give_way.h"

namespace millrace {

namespace {

std::uint64_t steady_ms() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

Haste haste_of(Background::Lane lane) noexcept {
  return lane == Background::Lane::kPages ? Haste::kSome : Haste::kLittle;
}

}  // namespace

Background::~Background() {
  for (LaneState& lane : lanes_) {
    {
      const std::lock_guard guard(lane.mutex);
      lane.stopping = true;
    }
    lane.changed.notify_all();
    if (lane.thread.joinable()) lane.thread.join();
  }
}

// Called with the lane's mutex held.
void Background::start_if_needed(LaneState& lane, Haste haste) {
  if (lane.thread.joinable()) return;
  lane.thread = std::thread([&lane, haste] {
    give_way(haste);
    run(lane);
  });
}

void Background::post(Lane lane, Task task) {
  LaneState& state = lane_state(lane);
  {
    const std::lock_guard guard(state.mutex);
    state.due.push_back(std::move(task));
    start_if_needed(state, haste_of(lane));
  }
  state.changed.notify_one();
}

void Background::post_after(Lane lane, std::uint64_t delay_ms, Task task) {
  LaneState& state = lane_state(lane);
  {
    const std::lock_guard guard(state.mutex);
    state.later.emplace(steady_ms() + delay_ms, std::move(task));
    start_if_needed(state, haste_of(lane));
  }
  state.changed.notify_one();
}

// Pages first and last: a task of the sync lane may leave one for pages (an evicted mapping).
void Background::drain() {
  for (const Lane lane : {Lane::kPages, Lane::kSync, Lane::kPages}) {
    auto reached = std::make_shared<std::promise<void>>();
    std::future<void> done = reached->get_future();
    post(lane, [reached] { reached->set_value(); });
    done.wait();
  }
}

void Background::run(LaneState& lane) {
  std::unique_lock guard(lane.mutex);
  for (;;) {
    while (!lane.later.empty() && lane.later.begin()->first <= steady_ms()) {
      lane.due.push_back(std::move(lane.later.begin()->second));
      lane.later.erase(lane.later.begin());
    }
    if (!lane.due.empty()) {
      Task task = std::move(lane.due.front());
      lane.due.pop_front();
      guard.unlock();
      task();
      task = nullptr;  // what it owned is released outside the lock
      guard.lock();
    } else if (lane.stopping) {
      return;
    } else if (lane.later.empty()) {
      lane.changed.wait(guard);
    } else {
      const std::uint64_t due = lane.later.begin()->first;
      const std::uint64_t now = steady_ms();
      if (due > now) lane.changed.wait_for(guard, std::chrono::milliseconds(due - now));
    }
  }
}

}  // namespace millrace
