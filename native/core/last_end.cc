#include "core/last_end.h"

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

}  // namespace millrace
