#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/bytes.h"
#include "core/env.h"
#include "core/result.h"
#include "core/units.h"

namespace millrace {

// One open file and the path it was opened by. Owns the descriptor; the Env must outlive it.
//
// Turns the single system calls of an Env into whole operations: loops over short transfers and
// interruptions. Any thread may call; two threads that write one range race as two processes
// would. A moved-from File may only be destroyed or assigned to.
class File {
 public:
  static Result<File> open(Env& env, std::string path, OpenMode mode);

  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // A file of this name without bytes, in place of any that is there, also of a link: what that
  // leads to stays as it is.
  static Result<File> create_anew(Env& env, const std::string& path);

  // kCorrupt when the file ends before `into` is full.
  Result<void> read_exactly(MutableBytes into, FileOffset at) const;
  // Fewer bytes than asked only at the end of the file.
  Result<std::size_t> read_up_to(MutableBytes into, FileOffset at) const;
  // After a failure any part of the range may have been written.
  Result<void> write_all(Bytes from, FileOffset at);
  // The pieces land one behind the other.
  Result<void> writev_all(std::span<const Bytes> from, FileOffset at);

  // A failure may mean that pages were dropped: never call again to find out, poison instead.
  Result<void> sync_data();
  Result<void> reserve(FileOffset at, std::uint64_t bytes);
  Result<void> resize(std::uint64_t bytes);
  Result<void> punch(FileOffset at, std::uint64_t bytes);
  // kBusy when somebody else has it; held until this File is gone.
  Result<void> lock_exclusive();

  // The file's length now.
  [[nodiscard]] Result<std::uint64_t> bytes() const;

  // As given to open(): a later rename does not change it.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] FileId id() const noexcept { return id_; }
  [[nodiscard]] Env& env() const noexcept { return *env_; }

 private:
  File(Env& env, FileId id, std::string path) noexcept;

  Env* env_;
  FileId id_;
  std::string path_;
};

}  // namespace millrace
