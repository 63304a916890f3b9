#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/bytes.h"
#include "core/env.h"
#include "core/file.h"
#include "core/result.h"
#include "core/units.h"

namespace millrace {

// A shared mapping of part of a file, unmapped in the destructor. Outlives the File it was made
// from, and keeps its Env if that is shared: whoever lets go of a mapping last, a helper thread may
// be, need not know whether its store is still there. Moved, never copied; a moved-from Mapping is
// empty.
//
// Loads below the file's end are safe unless somebody truncates the file or the device fails
// (guarded_copy answers both). Stores are safe only into pages that populate() has accepted: a
// store into any other page may need a disk block, and a full disk is then a signal.
class Mapping {
 public:
  // `at` is a multiple of kPageBytes. kCorrupt when the file ends before at + bytes, because
  // touching a page behind the end raises a signal.
  static Result<Mapping> map(const File& file, FileOffset at, std::size_t bytes, MapMode mode);

  Mapping() noexcept = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  [[nodiscard]] MutableBytes bytes() const noexcept { return bytes_; }

  // Makes the pages of [at, at + bytes) of this mapping safe to store to, rounded outwards to
  // whole pages. kNoSpace, kIo or kUnsupported: store nothing there.
  Result<void> populate(std::size_t at, std::size_t bytes) const;

  // Makes [at, at + bytes) durable, rounded outwards to whole pages; `file` is what is mapped, from
  // its beginning on. A failure is as one of File::sync_data().
  Result<void> sync(const File& file, std::size_t at, std::size_t bytes) const;

  // Call after storing a range and before publishing it, so that a recording Env sees it.
  void stored(Bytes range) const noexcept { env_->stored(range); }
  void advise(std::size_t at, std::size_t bytes, AdviseMode mode) const noexcept;
  // Which pages of [at, at + bytes) are in memory: 1 or 0 for each; `at` is the first byte of one.
  Result<void> residency(std::size_t at, std::size_t bytes, std::span<std::uint8_t> resident) const;
  // Brings [at, at + bytes) into memory, and waits until it is there.
  Result<void> load(std::size_t at, std::size_t bytes) const;

 private:
  Mapping(Env& env, MutableBytes bytes) noexcept
      : env_(&env), kept_(env.weak_from_this().lock()), bytes_(bytes) {}

  Env* env_ = nullptr;
  std::shared_ptr<Env> kept_;  // null: whoever made the Env keeps it
  MutableBytes bytes_;
};

}  // namespace millrace
