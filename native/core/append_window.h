#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "core/background.h"
#include "core/env.h"
#include "core/file.h"
#include "core/mapping.h"
#include "core/result.h"
#include "core/segment_header.h"
#include "core/units.h"

namespace millrace {

// How far ahead of the writer pages are made ready, once it has written as much.
inline constexpr std::uint64_t kWindowAheadBytes = 8 * kMiB;

// What a new segment file holds.
enum class SegmentFill : std::uint8_t {
  kReserved,  // room, where the file system can promise it
  kZeros,     // at its beginning zeros that were written and synced (filled())
};

// A segment file mapped for writing, of which only pages that the system has promised may be stored
// to: the window. It is moved ahead of the writer, by a helper thread when there is time, so that a
// full disk is an error of populate() and never a signal.
//
// The writer's thread calls ensure() and stores; the helper only populates. Shared by both. The
// writer never waits for the helper, which may be long about its step on a busy machine.
class AppendWindow : public std::enable_shared_from_this<AppendWindow> {
 public:
  // Creates `path` with room for `data_bytes`, reserved where the file system can, and its first
  // page ready. Anything at `path` is replaced.
  static Result<std::shared_ptr<AppendWindow>> create(Env& env, const std::string& path,
                                                      std::uint64_t data_bytes,
                                                      SegmentFill fill = SegmentFill::kReserved);
  // Maps an existing segment to go on from `tail`.
  static Result<std::shared_ptr<AppendWindow>> open(Env& env, const std::string& path,
                                                    const SegmentHeader& header, FileOffset tail);

  [[nodiscard]] std::byte* base() const noexcept { return mapping_.bytes().data(); }
  [[nodiscard]] Bytes bytes() const noexcept { return mapping_.bytes(); }
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return mapping_.bytes().size(); }
  [[nodiscard]] std::uint64_t data_offset() const noexcept { return data_offset_; }

  // Zeros were written below it when the file was created.
  [[nodiscard]] FileOffset filled() const noexcept { return filled_; }

  // Makes [the window's start, end) of the data, and the index slots that belong to it, safe to
  // store to. kNoSpace: the disk is full, nothing changed. Writer only; usually one load.
  Result<void> ensure(FileOffset end) {
    // Acquire pairs with the release in populate_locked: the populated pages are really there.
    if (end.bytes <= ready_.load(std::memory_order_acquire)) return {};
    return ensure_now(end.bytes);
  }

  // Asks the helper to keep `ahead_bytes` ready behind `tail`. Writer only, or whoever has the
  // window before there is one; cheap when nothing is to do. A failure of the helper is left for
  // ensure() to meet.
  void keep_ahead(Background& background, FileOffset tail, std::uint64_t ahead_bytes);

  // Makes what the file holds below `tail` durable; `file` is this window's, and nothing below the
  // tail is stored any more. What lies behind it stays as it is, ready to be stored to: zeros that
  // were never written yet. A failure is as one of File::sync_data(). One thread at a time.
  Result<void> sync(const File& file, FileOffset tail);

  void stored(Bytes range) const noexcept { mapping_.stored(range); }

 private:
  AppendWindow(Mapping mapping, std::uint64_t data_offset, std::uint64_t ready) noexcept
      : mapping_(std::move(mapping)), data_offset_(data_offset), ready_(ready) {}

  Result<void> ensure_now(std::uint64_t end);
  void post_step(Background& background, std::uint64_t wanted);
  Result<void> populate_to(std::uint64_t end);
  Result<void> populate_locked(std::uint64_t end);  // holding populating_
  Result<void> populate_index(std::uint64_t data_end);
  void let_go_below(FileOffset tail) noexcept;
  void refresh(FileOffset tail) noexcept;

  Mapping mapping_;
  const std::uint64_t data_offset_;
  FileOffset filled_;  // set by create() alone
  // File offset below which every data page from the window's start on may be stored to. Moved by
  // whoever holds populating_, with release; read by the writer with acquire.
  std::atomic<std::uint64_t> ready_;
  // As ready_, of the pages that the writer made ready itself while the helper was at work. Writer
  // only.
  std::uint64_t own_ready_ = 0;
  // File offset below which data is mapped no longer. sync() only.
  std::uint64_t let_go_ = 0;
  std::mutex populating_;
  std::uint64_t index_ready_ = kIndexOffset;  // guarded by populating_
  // True while a helper task is on its way. Set by the writer, cleared by the task.
  std::atomic<bool> scheduled_{false};
};

}  // namespace millrace
