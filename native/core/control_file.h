#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "core/control_page.h"
#include "core/control_view.h"
#include "core/env.h"
#include "core/guarded_copy.h"
#include "core/mapping.h"
#include "core/result.h"

namespace millrace {

// The files `ctl` and `wake` of one log, mapped for writing. Owned by the writer and by its helper
// tasks together. The words are atomics: each says in control_page.h who stores it and when.
class ControlFile : public ControlView {
 public:
  // Writes both files and, if asked, syncs them; the folder exists. Replaces what a crash left of
  // an earlier attempt.
  static Result<std::shared_ptr<ControlFile>> create(Env& env, const std::string& directory,
                                                     const LogIdentity& identity, bool sync);
  // kCorrupt when the page is damaged or another log's, kNewerFormat, kNotFound.
  static Result<std::shared_ptr<ControlFile>> open(Env& env, const std::string& directory,
                                                   const LogIdentity& identity);

  [[nodiscard]] ControlPage& page() const noexcept {
    return *reinterpret_cast<ControlPage*>(control().bytes().data());
  }

  // Moves the commit mark to `end` and wakes whoever waits for it. Writer only.
  void publish(LogPosition end) noexcept;
  // The same for frames that are on the disk, with the durable mark.
  void publish_durable(LogPosition end) noexcept;
  // The durable mark is not below `end` any more. Any thread.
  void raise_durable(LogPosition end) noexcept;
  // Hides the records below `before`, which only ever grows. Writer only.
  void trim(Sequence before) noexcept;
  // Which mark readers go by from now on: that of what is durable, or of what is committed.
  void show_durable(bool durable) noexcept;
  // Wakes every waiter without moving anything: the log was sealed.
  void wake_waiters() noexcept;
  // The same if there is one.
  void tell_waiters() noexcept;
  // Words were stored that are not published by publish(): for observers.
  void stored() const noexcept { control().stored(control().bytes().first(sizeof(ControlPage))); }
  // Runs `stores`, which stores words that publish() does not publish: kIo when the device refuses
  // the page, which a store through the mapping learns of by SIGBUS.
  template <typename Stores>
  Result<void> store_words(Stores&& stores) const {
    if (!guarded(stores)) return refused();
    stored();
    return {};
  }
  // To be called under a guard, before what is stored next to the page: the system asks the device
  // for the page again after each sync, and here a refusal is an error.
  void touch() const noexcept {
    std::atomic<std::uint64_t>& mark = page().committed;
    // Relaxed: the writer stores its own mark again.
    mark.store(mark.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  // The whole page is on the disk when it returns.
  Result<void> sync();

 private:
  ControlFile(Env& env, std::string path, Mapping control, Mapping wake) noexcept;
  static Result<std::shared_ptr<ControlFile>> map(Env& env, const std::string& directory);
  [[nodiscard]] Error refused() const;

  Env& env_;
  std::string path_;
};

}  // namespace millrace
