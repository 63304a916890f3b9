#include "core/append_window.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "core/time_index.h"

namespace millrace {

namespace {

// One helper task populates this much, so that the writer never waits for more.
constexpr std::uint64_t kStepBytes = 2 * kMiB;

// Zeros are written in pieces of this size.
constexpr std::uint64_t kZeroBytes = 512 * kKiB;

// Data that is filled with zeros when a file is made: what whoever waits for it can wait for, too.
// ZerosAhead sees to the rest.
constexpr std::uint64_t kFirstZeros = 1 * kMiB;

// A window of a segment this large asks for large pages. With small ones the kernel supplies 2
// GB/s, with large ones 5 to 8, and it would turn to them by itself anyway, but only after 8 MiB.
// Smaller segments belong to logs that may never grow, where every sync would write a large page
// for a few records.
constexpr std::uint64_t kLargePagesFrom = 16 * kMiB;
constexpr std::uint64_t kLargePageBytes = 2 * kMiB;

std::uint64_t index_end(std::uint64_t data_offset, std::uint64_t data_end) noexcept {
  if (data_end <= data_offset) return kIndexOffset;
  const std::uint64_t cells = (data_end - data_offset - 1) / kGridBytes + 1;
  // The first cell has no stored slot, so a short segment needs no index page.
  return cells <= 1 ? kIndexOffset : kIndexOffset + cells * sizeof(IndexSlot);
}

Result<void> write_zeros(File& file, std::uint64_t bytes) {
  const std::vector<std::byte> zeros(std::min<std::uint64_t>(bytes, kZeroBytes));
  for (std::uint64_t at = 0; at < bytes; at += zeros.size()) {
    const Bytes piece = Bytes(zeros).first(std::min<std::uint64_t>(zeros.size(), bytes - at));
    if (Result<void> written = file.write_all(piece, FileOffset{at}); !written) return written;
    // Piece by piece: a commit that comes meanwhile waits for one piece, not for all of them.
    if (Result<void> synced = file.sync_data(); !synced) return synced;
  }
  return {};
}

void prefer_large_pages(const Mapping& mapping) noexcept {
  const std::size_t bytes = mapping.bytes().size();
  if (bytes >= kLargePagesFrom) mapping.advise(0, bytes, AdviseMode::kLargePages);
}

}  // namespace

Result<std::shared_ptr<AppendWindow>> AppendWindow::create(Env& env, const std::string& path,
                                                           std::uint64_t data_bytes,
                                                           SegmentFill fill) {
  const std::uint64_t data_offset = data_offset_for(data_bytes);
  const std::uint64_t file_bytes = data_offset + data_bytes;
  if (Result<bool> there = env.exists(path); there && *there) {
    if (Result<void> removed = env.unlink(path); !removed) return removed.error();
  }
  Result<File> file = File::open(env, path, OpenMode::kCreateEmpty);
  if (!file) return file.error();
  Result<void> room = file->reserve(FileOffset{0}, file_bytes);
  const bool reserved = room || room.error().code != Errc::kUnsupported;
  if (!reserved) room = file->resize(file_bytes);
  std::uint64_t filled = 0;
  if (room && fill == SegmentFill::kZeros) {
    // Where room cannot be reserved, zeros take it.
    filled = reserved ? std::min(file_bytes, data_offset + kFirstZeros) : file_bytes;
    room = write_zeros(*file, filled);
  }
  Result<Mapping> mapping =
      room ? Mapping::map(*file, FileOffset{0}, file_bytes, MapMode::kReadWrite)
           : Result<Mapping>(room.error());
  if (mapping) {
    prefer_large_pages(*mapping);
    if (Result<void> ready = mapping->populate(0, kPageBytes); !ready) mapping = ready.error();
  }
  if (!mapping) {
    (void)env.unlink(path);  // the first error is the one to report
    return mapping.error();
  }
  std::shared_ptr<AppendWindow> window(
      new AppendWindow(std::move(*mapping), data_offset, data_offset));
  window->filled_ = FileOffset{filled};
  return window;
}

Result<std::shared_ptr<AppendWindow>> AppendWindow::open(Env& env, const std::string& path,
                                                         const SegmentHeader& header,
                                                         FileOffset tail) {
  Result<File> file = File::open(env, path, OpenMode::kReadWrite);
  if (!file) return file.error();
  Result<Mapping> mapping =
      Mapping::map(*file, FileOffset{0}, header.file_bytes, MapMode::kReadWrite);
  if (!mapping) return mapping.error();
  prefer_large_pages(*mapping);
  if (Result<void> ready = mapping->populate(0, kPageBytes); !ready) return ready.error();
  const std::uint64_t start = align_down<std::uint64_t>(tail.bytes, kPageBytes);
  std::shared_ptr<AppendWindow> window(
      new AppendWindow(std::move(*mapping), header.data_offset, start));
  if (Result<void> ready = window->populate_to(tail.bytes); !ready) return ready.error();
  return window;
}

Result<void> AppendWindow::populate_index(std::uint64_t data_end) {
  const std::uint64_t end = align_up<std::uint64_t>(index_end(data_offset_, data_end), kPageBytes);
  if (end <= index_ready_) return {};
  Result<void> done = mapping_.populate(index_ready_, end - index_ready_);
  if (done) index_ready_ = end;
  return done;
}

// While the helper is at work, the writer makes ready what it needs by itself: populating the same
// pages twice does no harm, and the helper alone moves the mark.
Result<void> AppendWindow::ensure_now(std::uint64_t end) {
  std::unique_lock guard(populating_, std::try_to_lock);
  if (guard) return populate_locked(end);
  // Acquire pairs with the release in populate_locked().
  const std::uint64_t ready = std::max(own_ready_, ready_.load(std::memory_order_acquire));
  if (end <= ready) return {};
  const std::uint64_t target = std::min(align_up<std::uint64_t>(end, kPageBytes), file_bytes());
  const std::uint64_t from = align_down<std::uint64_t>(ready, kPageBytes);
  const std::uint64_t index_from =
      align_down<std::uint64_t>(index_end(data_offset_, from), kPageBytes);
  const std::uint64_t index_to =
      align_up<std::uint64_t>(index_end(data_offset_, target), kPageBytes);
  if (Result<void> done = mapping_.populate(index_from, index_to - index_from); !done) return done;
  if (Result<void> done = mapping_.populate(from, target - from); !done) return done;
  own_ready_ = target;
  return {};
}

Result<void> AppendWindow::populate_to(std::uint64_t end) {
  assert(end <= file_bytes());
  const std::lock_guard guard(populating_);
  return populate_locked(end);
}

Result<void> AppendWindow::populate_locked(std::uint64_t end) {
  const std::uint64_t ready = ready_.load(std::memory_order_relaxed);
  if (end <= ready) return {};
  const std::uint64_t target = std::min(align_up<std::uint64_t>(end, kPageBytes), file_bytes());
  if (Result<void> done = populate_index(target); !done) return done;
  const std::uint64_t from = align_down<std::uint64_t>(ready, kPageBytes);
  if (Result<void> done = mapping_.populate(from, target - from); !done) return done;
  // Release: the writer that sees this may store to every page below.
  ready_.store(target, std::memory_order_release);
  return {};
}

void AppendWindow::keep_ahead(Background& background, FileOffset tail, std::uint64_t ahead_bytes) {
  const std::uint64_t wanted = std::min(tail.bytes + ahead_bytes, file_bytes());
  // Relaxed: only a hint of how much is left.
  const std::uint64_t ready = ready_.load(std::memory_order_relaxed);
  if (ready >= wanted || wanted - ready < ahead_bytes / 4) return;
  // Acquire-release with the store at the end of the task: one task at a time.
  if (scheduled_.exchange(true, std::memory_order_acq_rel)) return;
  post_step(background, wanted);
}

// A step a task, so that windows of several logs, which tend to run low together, take turns. A
// window that its owner has let go of wants no further step.
void AppendWindow::post_step(Background& background, std::uint64_t wanted) {
  background.post(Background::Lane::kPages, [weak = weak_from_this(), &background, wanted] {
    const std::shared_ptr<AppendWindow> self = weak.lock();
    if (!self) return;
    const std::uint64_t at = self->ready_.load(std::memory_order_relaxed);
    const std::uint64_t end = std::min(at + kStepBytes, wanted);
    if (at < wanted && self->populate_to(end) && end < wanted) {
      self->post_step(background, wanted);
    } else {
      self->scheduled_.store(false, std::memory_order_release);
    }
  });
}

Result<void> AppendWindow::sync(const File& file, FileOffset tail) {
  assert(tail.bytes <= file_bytes());
  let_go_below(tail);
  if (Result<void> synced = mapping_.sync(file, 0, tail.bytes); !synced) return synced;
  refresh(tail);
  return {};
}

// To write a mapped page out, the system makes it read-only first, and each time interrupts every
// core that this process runs on, microseconds a page, the writer among them. Pages mapped no
// longer go without. They stay in the page cache; whoever reads through the window gets them back.
void AppendWindow::let_go_below(FileOffset tail) noexcept {
  const std::uint64_t piece = file_bytes() < kLargePagesFrom ? kPageBytes : kLargePageBytes;
  const std::uint64_t end = align_down<std::uint64_t>(tail.bytes, piece);
  const std::uint64_t from = std::max(let_go_, align_up<std::uint64_t>(data_offset_, kPageBytes));
  if (end <= from) return;
  mapping_.advise(from, end - from, AdviseMode::kDontNeed);
  let_go_ = end;
}

// Makes writable again what was written out although it lies behind the tail: the rest of the
// tail's page, be it a large one. A failure changes nothing: the pages stay mapped, and a store to
// them faults them in.
void AppendWindow::refresh(FileOffset tail) noexcept {
  const std::lock_guard guard(populating_);
  const std::uint64_t from = align_down<std::uint64_t>(tail.bytes, kPageBytes);
  const std::uint64_t end = std::min(ready_.load(std::memory_order_relaxed),
                                     align_up<std::uint64_t>(tail.bytes + 1, kLargePageBytes));
  if (from < end) (void)mapping_.populate(from, end - from);
}

}  // namespace millrace
