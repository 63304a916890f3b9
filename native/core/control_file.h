#pragma once

#include <memory>
#include <string>

#include "core/control_page.h"
#include "core/control_view.h"
#include "core/env.h"
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
  // Readers see what is committed from here on, whatever they were shown before. Writer only.
  void show_committed() noexcept;
  // Wakes every waiter without moving anything: the log was sealed.
  void wake_waiters() noexcept;
  // Words were stored that are not published by publish(): for observers.
  void stored() const noexcept { control().stored(control().bytes().first(sizeof(ControlPage))); }
  // The whole page is on the disk when it returns.
  Result<void> sync();

 private:
  ControlFile(Env& env, std::string path, Mapping control, Mapping wake) noexcept;
  static Result<std::shared_ptr<ControlFile>> map(Env& env, const std::string& directory);

  Env& env_;
  std::string path_;
};

}  // namespace millrace
