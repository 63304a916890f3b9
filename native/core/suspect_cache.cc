#include "core/suspect_cache.h"

#include <cerrno>
#include <utility>

#include "core/control_page.h"
#include "core/control_snapshot.h"
#include "core/device_segment.h"
#include "core/file.h"
#include "core/guarded_copy.h"
#include "core/mapping.h"
#include "core/paths.h"

namespace millrace {

namespace {

// As Checkpointer::poison would have done.
Result<void> note_suspicion(const Mapping& control, const std::string& path) {
  auto& page = *reinterpret_cast<ControlPage*>(control.bytes().data());
  const bool stored = guarded([&]() noexcept {
    // Relaxed: nobody else has the log yet.
    page.poison_errno.store(EIO, std::memory_order_relaxed);
    page.poison_stage.store(static_cast<std::uint32_t>(PoisonStage::kSyncControl),
                            std::memory_order_relaxed);
    page.state.store(static_cast<std::uint32_t>(LogState::kPoisoned), std::memory_order_relaxed);
  });
  if (!stored) {
    return Error{.code = Errc::kIo,
                 .sys_errno = EIO,
                 .message = path + ": the device refused a store through the mapping"};
  }
  control.stored(control.bytes().first(sizeof(ControlPage)));
  return {};
}

}  // namespace

Result<bool> is_cache_suspect(Env& env, const std::string& directory, std::uint64_t boot_hash) {
  Result<ControlSnapshot> control = read_control(env, directory);
  // What cannot be believed is refused elsewhere.
  if (!control && control.error().code == Errc::kCorrupt) return false;
  if (!control) return control.error();
  if (control->words.state == LogState::kPoisoned) return true;
  if (control->words.state != LogState::kOpen || control->words.boot_hash != boot_hash) {
    return false;
  }
  const std::string path = join_path(directory, "ctl");
  // Mapped first, so that no call has to succeed between the answer and the note.
  Result<File> file = File::open(env, path, OpenMode::kReadWrite);
  if (!file) return file.error();
  Result<Mapping> page = Mapping::map(*file, FileOffset{0}, kControlBytes, MapMode::kReadWrite);
  if (!page) return page.error();
  Result<bool> same = is_on_device(env, path, control->page);
  if (!same) return same;
  if (*same) return false;
  if (Result<void> noted = note_suspicion(*page, path); !noted) return noted.error();
  return true;
}

}  // namespace millrace
