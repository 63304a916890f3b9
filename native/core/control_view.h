#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/control_page.h"
#include "core/env.h"
#include "core/mapping.h"
#include "core/result.h"

namespace millrace {

// The files `ctl` and `wake` of one log, as a reader has them. The writer's own (control_file.h) is
// one of these, too, so that what may be read is decided in one place.
//
// Its words are atomics, so any thread may call. The Env outlives it.
class ControlView {
 public:
  // Of a log that somebody else may be writing, here or in another process: `ctl` is mapped for
  // reading only; `wake` for writing if the system lets us. Creates and changes no file.
  // `boot_hash` is that of this boot. kNotFound, kCorrupt when the page is damaged or another
  // log's (or is being made at this moment), kNewerFormat.
  static Result<std::shared_ptr<const ControlView>> open(Env& env, const std::string& directory,
                                                         const LogIdentity& identity,
                                                         std::uint64_t boot_hash);

  [[nodiscard]] const ControlPage& page() const noexcept {
    return *reinterpret_cast<const ControlPage*>(control_.bytes().data());
  }

  // The visible mark: every frame below may be read, nothing at or above it is looked at. What a
  // system that crashed left of a commit mark is not believed before a writer has gone over it.
  [[nodiscard]] LogPosition visible() const noexcept;

  // Records below it are hidden. One of its two words may have lost a bit, or be stored a moment
  // before the other: the lower one hides nothing that was not trimmed.
  [[nodiscard]] Sequence trimmed() const noexcept;
  // The first number of the first segment that is kept; 0 where that cannot be right. Loaded with
  // acquire: what the writer removes, it has said before that it does not keep.
  [[nodiscard]] Sequence first_kept() const noexcept;

  // The word that the writer changes to wake who waits; null when this reader may not announce
  // itself, and has to look again now and then.
  [[nodiscard]] const std::atomic<std::uint32_t>* wake_word() const noexcept;
  // Tells the writer that somebody waits: from its next publish on, it changes the wake word and
  // wakes. Load the word before, look at visible() after, sleep on the word while it is unchanged.
  // False when the page could not be written: nobody will be woken.
  [[nodiscard]] bool announce() const noexcept;

 protected:
  // Without a boot hash every mark is believed: it is the writer's own.
  ControlView(Mapping control, Mapping wake, std::optional<std::uint64_t> boot_hash) noexcept
      : control_(std::move(control)), wake_(std::move(wake)), boot_hash_(boot_hash) {}

  [[nodiscard]] const Mapping& control() const noexcept { return control_; }
  // The page must be there.
  [[nodiscard]] WakePage& wake() const noexcept {
    return *reinterpret_cast<WakePage*>(wake_.bytes().data());
  }

 private:
  Mapping control_;
  Mapping wake_;  // empty when it may not be written
  std::optional<std::uint64_t> boot_hash_;
};

// What check_control_page found, as an error; success when it found nothing. `path` is the page's.
Result<void> refuse_control_page(ControlFault fault, const std::string& path);

}  // namespace millrace
