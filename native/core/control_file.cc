#include "core/control_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/file.h"
#include "core/paths.h"

namespace millrace {

namespace {

constexpr const char* kControlName = "ctl";
constexpr const char* kWakeName = "wake";

Result<void> write_control(Env& env, const std::string& path, const LogIdentity& identity,
                           bool sync) {
  std::array<std::byte, kControlBytes> bytes{};
  ControlPage page;
  format_control_page(page, identity);
  std::memcpy(bytes.data(), static_cast<const void*>(&page), sizeof(ControlPage));
  Result<File> file = File::open(env, path, OpenMode::kCreateEmpty);
  if (!file) return file.error();
  if (Result<void> written = file->write_all(bytes, FileOffset{0}); !written) return written;
  return sync ? file->sync_data() : Result<void>{};
}

Result<void> write_wake(Env& env, const std::string& path) {
  Result<File> file = File::open(env, path, OpenMode::kCreateEmpty);
  if (!file) return file.error();
  // Written, not only made long: a hole may find no room when it is looked at.
  const std::array<std::byte, kWakeBytes> zeros{};
  return file->write_all(zeros, FileOffset{0});
}

// A page that may be stored to, or the error that there is none.
Result<Mapping> map_page(Env& env, const std::string& path, std::size_t bytes) {
  Result<File> file = File::open(env, path, OpenMode::kReadWrite);
  if (!file) return file.error();
  Result<Mapping> page = Mapping::map(*file, FileOffset{0}, bytes, MapMode::kReadWrite);
  if (!page) return page;
  if (Result<void> ready = page->populate(0, bytes); !ready) return ready.error();
  return page;
}

}  // namespace

ControlFile::ControlFile(Env& env, std::string path, Mapping control, Mapping wake) noexcept
    : ControlView(std::move(control), std::move(wake), std::nullopt),
      env_(env),
      path_(std::move(path)) {}

Result<std::shared_ptr<ControlFile>> ControlFile::map(Env& env, const std::string& directory) {
  std::string path = join_path(directory, kControlName);
  Result<Mapping> control = map_page(env, path, kControlBytes);
  if (!control) return control.error();
  const std::string wake_path = join_path(directory, kWakeName);
  Result<Mapping> wake = map_page(env, wake_path, kWakeBytes);
  if (!wake) {
    // The page holds nothing that matters between processes' lives: a missing one is made again.
    if (Result<void> made = write_wake(env, wake_path); !made) return made.error();
    wake = map_page(env, wake_path, kWakeBytes);
    if (!wake) return wake.error();
  }
  return std::shared_ptr<ControlFile>(
      new ControlFile(env, std::move(path), std::move(*control), std::move(*wake)));
}

Result<std::shared_ptr<ControlFile>> ControlFile::create(Env& env, const std::string& directory,
                                                         const LogIdentity& identity, bool sync) {
  // Before the control page: whoever finds that one looks for this one, once, and would poll.
  if (Result<void> made = write_wake(env, join_path(directory, kWakeName)); !made) {
    return made.error();
  }
  const std::string path = join_path(directory, kControlName);
  if (Result<void> made = write_control(env, path, identity, sync); !made) return made.error();
  return map(env, directory);
}

Result<std::shared_ptr<ControlFile>> ControlFile::open(Env& env, const std::string& directory,
                                                       const LogIdentity& identity) {
  Result<std::shared_ptr<ControlFile>> file = map(env, directory);
  if (!file) return file;
  const ControlFault fault = check_control_page((*file)->page(), identity);
  Result<void> good = refuse_control_page(fault, join_path(directory, kControlName));
  if (!good) return good.error();
  return file;
}

void ControlFile::publish(LogPosition end) noexcept {
  ControlPage& words = page();
  // Sequentially consistent, for two reasons. As a release: whoever loads this mark also sees every
  // byte below it (ControlView::visible acquires). And in one order with ControlView::announce:
  // either tell_waiters() sees the announcement, or that reader, looking again before it sleeps,
  // sees this mark.
  words.committed.store(end.bytes, std::memory_order_seq_cst);
  control().stored(bytes_of(words.committed));
  tell_waiters();
}

void ControlFile::publish_durable(LogPosition end) noexcept {
  ControlPage& words = page();
  // Release: as in publish(); here the durable mark is what readers look at, so that the one in
  // order with their announcement is that.
  words.committed.store(end.bytes, std::memory_order_release);
  raise_durable(end);
  control().stored(bytes_of(words.committed));
  control().stored(bytes_of(words.durable));
  tell_waiters();
}

void ControlFile::raise_durable(LogPosition end) noexcept {
  std::atomic<std::uint64_t>& mark = page().durable;
  // Sequentially consistent, as publish(): a reader that is shown durable records waits for it.
  std::uint64_t seen = mark.load(std::memory_order_relaxed);
  while (seen < end.bytes &&
         !mark.compare_exchange_weak(seen, end.bytes, std::memory_order_seq_cst)) {}
}

// Relaxed: hides; nothing is published by it. A process that dies in between leaves the lower trim.
void ControlFile::trim(Sequence before) noexcept {
  page().trim_sequence.store(before.value, std::memory_order_relaxed);
  page().trim_check.store(~before.value, std::memory_order_relaxed);
  stored();
}

// Release: a reader that goes by the committed mark because of this sees it as recovery left it
// (ControlView::visible acquires).
void ControlFile::show_durable(bool durable) noexcept {
  page().shows.store(durable ? kShowsDurable : kShowsCommitted, std::memory_order_release);
  stored();
}

// Takes the flag before it changes the word. A reader loads the word first and then sets the flag:
// one whose flag was taken here loaded the word as it was before, so its sleep ends, or never
// begins. Nobody has to take the flag back: a reader that died costs one such call.
void ControlFile::wake_waiters() noexcept {
  // Sequentially consistent like the other words of this protocol; it runs only when somebody
  // waits.
  wake().waiters.store(0, std::memory_order_seq_cst);
  wake().word.fetch_add(1, std::memory_order_seq_cst);
  env_.wake_all(wake().word);
}

Error ControlFile::refused() const {
  return Error{.code = Errc::kIo,
               .sys_errno = EIO,
               .message = path_ + ": the device refused a store through the mapping"};
}

// Sequentially consistent: see publish().
void ControlFile::tell_waiters() noexcept {
  if (wake().waiters.load(std::memory_order_seq_cst) != 0) wake_waiters();
}

Result<void> ControlFile::sync() {
  Result<File> file = File::open(env_, path_, OpenMode::kReadWrite);
  if (!file) return file.error();
  return file->sync_data();
}

}  // namespace millrace
