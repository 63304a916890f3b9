#include "core/last_end.h"

#include "core/device_segment.h"
#include "core/paths.h"

namespace millrace {

LastEnd last_end_of(const ControlWords& words, std::uint64_t boot_hash) noexcept {
  switch (words.state) {
    case LogState::kClosed:
      // So begins every page. Beside segments it says that the system died before the first writer
      // was noted, or that the words were lost: only frames can be believed.
      return words.writer_epoch == 0 ? LastEnd::kSystemDied : LastEnd::kClosed;
    case LogState::kOpen:
      return words.boot_hash == boot_hash ? LastEnd::kProcessDied : LastEnd::kSystemDied;
    case LogState::kPoisoned:
      break;
  }
  return LastEnd::kSystemDied;
}

// A poisoned log says so itself, unless its writer died before it could; then the page that it
// stored to last, if it was not written either, differs from the device's.
Result<bool> is_cache_suspect(Env& env, const std::string& directory, std::uint64_t boot_hash) {
  Result<ControlSnapshot> control = read_control(env, directory);
  // What cannot be believed is refused elsewhere.
  if (!control && control.error().code == Errc::kCorrupt) return false;
  if (!control) return control.error();
  if (control->words.state == LogState::kPoisoned) return true;
  if (control->words.state != LogState::kOpen || control->words.boot_hash != boot_hash) {
    return false;
  }
  Result<bool> same = is_on_device(env, join_path(directory, "ctl"), control->page);
  if (!same) return same;
  return !*same;
}

}  // namespace millrace
