#include "crash/lane_gates.h"

#include <utility>

namespace millrace::crash {

LaneGates::LaneGates(Background& background) : background_(background) {
  for (const auto lane : {Background::Lane::kPages, Background::Lane::kSync}) {
    std::shared_ptr<Gate>& gate = gates_[static_cast<std::size_t>(lane)];
    gate = close(lane);
    gate->reached.get_future().wait();
  }
}

std::shared_ptr<LaneGates::Gate> LaneGates::close(Background::Lane lane) {
  auto gate = std::make_shared<Gate>();
  background_.post(lane, [gate] {
    gate->reached.set_value();
    gate->opened.get_future().wait();
  });
  return gate;
}

void LaneGates::run(Background::Lane lane) {
  std::shared_ptr<Gate>& gate = gates_[static_cast<std::size_t>(lane)];
  if (gate == nullptr) return;
  const std::shared_ptr<Gate> passed = std::exchange(gate, close(lane));
  passed->opened.set_value();
  gate->reached.get_future().wait();
}

void LaneGates::open() {
  for (std::shared_ptr<Gate>& gate : gates_) {
    if (gate != nullptr) std::exchange(gate, nullptr)->opened.set_value();
  }
}

}  // namespace millrace::crash
