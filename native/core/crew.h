#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace millrace {

// Threads that help one caller at a time to do several things at once which the system would
// otherwise do one after another: syncs of several files. Started on demand, joined by the
// destructor. Any thread may call; calls run one after another.
class Crew {
 public:
  Crew() = default;
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();

  // Runs task(0) to task(count - 1), each once, some of them on the caller's thread; returns when
  // all are done. The tasks do not throw.
  void run(std::size_t count, const std::function<void(std::size_t)>& task);

 private:
  void help();
  // Takes tasks until there are none left. `lock` holds mutex_ before and after.
  void take_part(std::unique_lock<std::mutex>& lock);

  std::mutex calling_;  // one run() at a time
  std::mutex mutex_;    // guards all below
  std::condition_variable work_;
  std::condition_variable done_;
  const std::function<void(std::size_t)>* task_ = nullptr;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::size_t running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> helpers_;
};

}  // namespace millrace
