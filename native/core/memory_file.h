#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <shared_mutex>

#include "core/bytes.h"
#include "core/env.h"
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

  // The exclusive lock; EWOULDBLOCK when another open file has it.
  int lock(FileId owner) noexcept;
  void unlock(FileId owner) noexcept;
  [[nodiscard]] bool is_locked() const noexcept;

 private:
  int grow_capacity(std::uint64_t bytes) noexcept;
  void discard(std::uint64_t begin, std::uint64_t end) noexcept;

  mutable std::shared_mutex mutex_;  // guards all below, but not the bytes seen through mappings
  std::byte* pages_ = nullptr;
  std::uint64_t capacity_bytes_ = 0;  // whole pages; those behind the end of the file are zero
  std::uint64_t size_bytes_ = 0;
  std::size_t mapping_count_ = 0;
  FileId lock_owner_ = FileId::kNone;
};

}  // namespace millrace
