#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/control_view.h"
#include "core/env.h"
#include "core/units.h"

namespace millrace {

// The log that somebody watches.
struct TailSource {
  std::shared_ptr<Env> env;                    // outlives the view
  std::shared_ptr<const ControlView> control;  // null: the log has no files yet
  std::function<bool()> has_files;             // then: whether it has some now; any thread
  // And then: whose waiters are woken when it has, beside other things (Beginnings). Null:
  // nobody's.
  std::shared_ptr<const ControlView> herald = {};
};

// One thread that waits for any number of logs to grow, whoever writes them: it sleeps on the wake
// words of all of them at once, and looks again now and then at those that nobody can wake it for.
// Where the system cannot sleep on several words, it looks at all of them so; after a failure it
// does for a second, then tries again.
//
// Started by the first watch, joined by the last owner. It also looks once a second, because a
// writer may die between moving its mark and waking.
class TailWatcher : public std::enable_shared_from_this<TailWatcher> {
 private:
  struct Entry;

 public:
  // A watched log, until it is destroyed. One thread at a time; it keeps the watcher.
  class Watch {
   public:
    Watch(std::shared_ptr<TailWatcher> watcher, std::shared_ptr<Entry> entry);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    // A call that is under way may still come.
    ~Watch();

    // From now on, `grown` is called once: when the log's visible mark is no longer `seen`, or
    // when the log has files. False, and nothing is armed, when that is so already. Costs no system
    // call, unless nobody wakes for this log.
    bool arm(LogPosition seen);
    // Forgets what was armed. A call that is under way may still come.
    void disarm() noexcept;

   private:
    std::shared_ptr<TailWatcher> watcher_;
    std::shared_ptr<Entry> entry_;
  };

  // `env` makes the calls that sleep and wake; shared by all logs, whatever their own.
  static std::shared_ptr<TailWatcher> make(std::shared_ptr<Env> env);
  TailWatcher(const TailWatcher&) = delete;
  TailWatcher& operator=(const TailWatcher&) = delete;
  ~TailWatcher();

  // `grown` runs on the watcher's thread: it must be short and must not destroy a Watch.
  std::unique_ptr<Watch> watch(TailSource source, std::function<void()> grown);

 private:
  using Entries = std::vector<std::shared_ptr<Entry>>;
  // What one round of the thread found.
  struct Round {
    bool fired = false;    // somebody was called
    bool polled = false;   // a log was looked at that nobody wakes for, or not for it alone
    bool polling = false;  // such a log is to be looked at soon
    bool news = false;     // a herald had some
  };
  // What it is time for.
  struct Due {
    bool polls;  // to look at logs that nobody wakes for
    bool all;    // to look at all logs, whoever wakes
  };

  explicit TailWatcher(std::shared_ptr<Env> env) : env_(std::move(env)) {}

  void leave(const std::shared_ptr<Entry>& entry);
  void signal() noexcept;

  // The thread's.
  void run();
  [[nodiscard]] std::optional<Entries> entries_now();
  Round look(const Entries& entries, Due due, std::vector<WaitWord>& words);
  std::optional<WaitWord> take_word(const Entry& entry, std::vector<WaitWord>& words);
  void sleep(const std::vector<WaitWord>& words, std::uint64_t timeout_ns);

  const std::shared_ptr<Env> env_;
  // Changed whenever the thread has to look at its entries again: it sleeps on this word, too.
  std::atomic<std::uint32_t> signal_{0};
  std::mutex mutex_;  // guards what follows
  Entries entries_;
  bool stopping_ = false;
  std::thread thread_;

  // The thread's own: until then, it does not try to sleep on several words at once.
  std::uint64_t one_word_until_ns_ = 0;
  bool is_one_word_only_ = false;
};

}  // namespace millrace
