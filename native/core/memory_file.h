#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "core/env.h"
#include "core/memory_image.h"
#include "core/units.h"

namespace millrace {

// The content of one file of an EnvMemory: anonymous pages that cost memory only once touched.
// Lives as long as a name, an open FileId or a mapping refers to it. Any thread may call.
//
// Functions that can fail return an errno, 0 for success.
class MemoryFile {
 public:
  MemoryFile() = default;
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile();

  std::size_t read(MutableBytes into, FileOffset at) const noexcept;
  // Grows the file when needed.
  int write(Bytes from, FileOffset at) noexcept;
  int resize(std::uint64_t bytes) noexcept;
  // Extends the file to hold [at, at + bytes) when it is shorter.
  int reserve(FileOffset at, std::uint64_t bytes) noexcept;
  void punch(FileOffset at, std::uint64_t bytes) noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept;

  // The address of a range below the file's end. It stays what it is until unmap() was called as
  // often as map(); until then the file grows only as far as its neighbours in memory allow.
  int map(FileOffset at, std::size_t bytes, std::byte** address) noexcept;
  void unmap() noexcept;

  // What the file holds, in `content` and nowhere else. Large settled stretches are shared with the
  // image from now on, copy-on-write; the rest is copied. Nobody stores through a mapping
  // meanwhile.
  void take_image(std::span<const FileStretch> content, FileImage* into);
  // A file that holds what the image says; null when there is no memory.
  static std::shared_ptr<MemoryFile> of(const FileImage& image);

  // The exclusive lock; EWOULDBLOCK when another open file has it.
  int lock(FileId owner) noexcept;
  void unlock(FileId owner) noexcept;
  [[nodiscard]] bool is_locked() const noexcept;

 private:
  int grow_capacity(std::uint64_t bytes) noexcept;
  void discard(std::uint64_t begin, std::uint64_t end) noexcept;
  void share(std::uint64_t begin, std::uint64_t end);
  void share_piece(std::uint64_t begin, std::uint64_t end, std::vector<SharedStretch>* fresh);
  void copy(std::uint64_t begin, std::uint64_t end, FileImage* into) const;
  // What is changed by a call is shared no longer: whether anything of it was.
  bool unshare(std::uint64_t begin, std::uint64_t end) noexcept;

  mutable std::shared_mutex mutex_;  // guards all below, but not the bytes seen through mappings
  std::byte* pages_ = nullptr;
  std::uint64_t capacity_bytes_ = 0;  // whole pages; those behind the end of the file are zero
  std::uint64_t size_bytes_ = 0;
  std::size_t mapping_count_ = 0;
  FileId lock_owner_ = FileId::kNone;
  std::vector<SharedStretch> shared_;  // in order; its pages are mapped at their places
  bool is_patched_ = false;            // pages_ is more than one allocation, for good
};

}  // namespace millrace
