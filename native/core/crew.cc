#include "core/crew.h"

#include <algorithm>

namespace millrace {

namespace {

// With the caller eight; beyond that a device merges flushes no better.
constexpr std::size_t kHelpersMax = 7;

}  // namespace

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void Crew::run(std::size_t count, const std::function<void(std::size_t)>& task) {
  if (count == 1) return task(0);
  const std::lock_guard call(calling_);
  std::unique_lock lock(mutex_);
  task_ = &task;
  next_ = 0;
  count_ = count;
  const std::size_t wanted = std::min(count - 1, kHelpersMax);
  while (helpers_.size() < wanted) helpers_.emplace_back([this] { help(); });
  work_.notify_all();
  take_part(lock);
  done_.wait(lock, [&] { return running_ == 0; });
  count_ = 0;
  task_ = nullptr;
}

void Crew::take_part(std::unique_lock<std::mutex>& lock) {
  while (next_ < count_) {
    const std::size_t mine = next_++;
    ++running_;
    lock.unlock();
    (*task_)(mine);
    lock.lock();
    --running_;
  }
}

void Crew::help() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [&] { return stopping_ || next_ < count_; });
    if (stopping_) return;
    take_part(lock);
    if (running_ == 0) done_.notify_one();
  }
}

}  // namespace millrace
