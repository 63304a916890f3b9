#include "core/control_view.h"

#include <algorithm>

#include "core/file.h"
#include "core/guarded_copy.h"
#include "core/paths.h"

namespace millrace {

namespace {

// An empty mapping when there is no such page, or it may not be written: readers do without.
Mapping map_wake(Env& env, const std::string& directory) {
  Result<File> file = File::open(env, join_path(directory, "wake"), OpenMode::kReadWrite);
  if (!file) return {};
  Result<Mapping> page = Mapping::map(*file, FileOffset{0}, kWakeBytes, MapMode::kReadWrite);
  return page ? std::move(*page) : Mapping();
}

}  // namespace

Result<void> refuse_control_page(ControlFault fault, const std::string& path) {
  switch (fault) {
    case ControlFault::kNone:
      return {};
    case ControlFault::kNewerFormat:
      return Error{.code = Errc::kNewerFormat, .message = path + ": written by a later version"};
    case ControlFault::kForeign:
      return Error{.code = Errc::kCorrupt, .message = path + ": belongs to another log"};
    case ControlFault::kDamaged:
      break;
  }
  return Error{.code = Errc::kCorrupt, .message = path + ": the control page is damaged"};
}

Result<std::shared_ptr<const ControlView>> ControlView::open(Env& env, const std::string& directory,
                                                             const LogIdentity& identity,
                                                             std::uint64_t boot_hash) {
  const std::string path = join_path(directory, "ctl");
  Result<File> file = File::open(env, path, OpenMode::kRead);
  if (!file) return file.error();
  Result<Mapping> control = Mapping::map(*file, FileOffset{0}, kControlBytes, MapMode::kRead);
  if (!control) return control.error();
  // Guarded: a page that a crash left half made is cut to nothing by the writer that makes it anew.
  ControlFault fault = ControlFault::kDamaged;
  const std::byte* const bytes = control->bytes().data();
  const bool read = guarded([&]() noexcept {
    fault = check_control_page(*reinterpret_cast<const ControlPage*>(bytes), identity);
  });
  if (!read) return Error{.code = Errc::kCorrupt, .message = path + ": is being made anew"};
  if (Result<void> good = refuse_control_page(fault, path); !good) return good.error();
  return std::shared_ptr<const ControlView>(
      new ControlView(std::move(*control), map_wake(env, directory), boot_hash));
}

LogPosition ControlView::visible() const noexcept {
  const ControlPage& words = page();
  bool believed = true;
  if (boot_hash_) {
    // Acquire, and before the mark: a writer corrects the mark before it claims the log for its
    // boot (LogAppender::take_over).
    const auto state = static_cast<LogState>(words.state.load(std::memory_order_acquire));
    believed = state == LogState::kClosed ||
               words.boot_hash.load(std::memory_order_acquire) == *boot_hash_;
  }
  if (!believed) return {words.durable.load(std::memory_order_acquire)};
  // Acquire: pairs with ControlFile::show_durable. The orders of either mark are the same.
  if (words.shows.load(std::memory_order_acquire) == kShowsDurable) {
    return {words.durable.load(std::memory_order_seq_cst)};
  }
  // A commit mark below what is durable has lost a bit. Acquire: either mark is behind its bytes.
  const std::uint64_t durable = words.durable.load(std::memory_order_acquire);
  // Sequentially consistent, for two reasons. As an acquire it pairs with ControlFile::publish:
  // every byte below the mark is visible. And in one order with announce(): either the writer's
  // next look at `waiters` sees the announcement, or this load sees the mark stored before it.
  return {std::max(words.committed.load(std::memory_order_seq_cst), durable)};
}

// Relaxed: trimming only hides; a reader that sees it late reads what was there a moment ago.
Sequence ControlView::trimmed() const noexcept {
  const std::uint64_t trimmed = page().trim_sequence.load(std::memory_order_relaxed);
  return {std::min(trimmed, ~page().trim_check.load(std::memory_order_relaxed))};
}

// The segment that the trim point lies in, or one before it.
Sequence ControlView::first_kept() const noexcept {
  const Sequence kept{page().first_segment.load(std::memory_order_acquire)};
  return kept <= trimmed() ? kept : Sequence{};
}

const std::atomic<std::uint32_t>* ControlView::wake_word() const noexcept {
  return wake_.bytes().empty() ? nullptr : &wake().word;
}

bool ControlView::announce() const noexcept {
  if (wake_.bytes().empty()) return false;
  // Guarded: unlike the writer, a reader has nobody's promise that the page may be stored to.
  return guarded([this]() noexcept {
    // Sequentially consistent: see visible() and ControlFile::publish. A flag that somebody else
    // has set does as well: who takes it wakes everybody.
    std::atomic<std::uint32_t>& waiters = wake().waiters;
    if (waiters.load(std::memory_order_seq_cst) == 0) waiters.store(1, std::memory_order_seq_cst);
  });
}

}  // namespace millrace
