#if !defined(_WIN32)

#include "core/env_memory.h"

#include <cassert>
#include <cerrno>
#include <mutex>
#include <utility>

#include "core/posix_system.h"
#include "core/system_error.h"
#include "core/write_in_turn.h"

namespace millrace {
namespace {

Error memory_error(const char* call, const std::string& path, int sys_errno) {
  Error error = system_error(call, path, sys_errno);
  if (sys_errno == ENOMEM) error.code = Errc::kNoSpace;  // memory is the disk here
  return error;
}

Result<void> outcome(const char* call, const std::string& path, int sys_errno) {
  if (sys_errno == 0) return {};
  return memory_error(call, path, sys_errno);
}

}  // namespace

EnvMemory::EnvMemory() {
  [[maybe_unused]] const Result<void> drawn = posix::random_bytes(boot_id_);
  assert(drawn.ok());  // fails only where the kernel has no such call
}

Result<std::shared_ptr<EnvMemory>> EnvMemory::of(const MemoryImage& image) {
  auto env = std::make_shared<EnvMemory>();
  env->boot_id_ = image.boot_id;
  if (const int failed = env->root_.restore(image); failed != 0) {
    return memory_error("mmap", "of an image", failed);
  }
  return env;
}

std::shared_ptr<const MemoryImage> EnvMemory::image(const FileContents& contents) {
  auto image = std::make_shared<MemoryImage>();
  const std::unique_lock lock(mutex_);
  image->boot_id = boot_id_;
  root_.take_image(contents, "", image.get());
  return image;
}

EnvMemory::~EnvMemory() { assert(mapped_.empty() && free_ids_.size() == open_files_.size()); }

EnvMemory::OpenFile EnvMemory::open_file(FileId file) const {
  const std::shared_lock lock(mutex_);
  const auto index = static_cast<std::size_t>(file);
  assert(index < open_files_.size() && open_files_[index].file != nullptr);
  return open_files_[index];
}

Result<FileId> EnvMemory::open(const std::string& path, OpenMode mode) {
  const bool create = mode == OpenMode::kCreate || mode == OpenMode::kCreateEmpty;
  const std::unique_lock lock(mutex_);
  const bool reads = mode == OpenMode::kRead || mode == OpenMode::kReadDevice;
  OpenFile opened{nullptr, path, !reads};
  if (const int failed = root_.open(path, create, &opened.file); failed != 0) {
    return memory_error("open", path, failed);
  }
  if (mode == OpenMode::kCreateEmpty) {
    if (const int failed = opened.file->resize(0); failed != 0) {
      return memory_error("open", path, failed);
    }
  }
  if (free_ids_.empty()) {
    open_files_.push_back(std::move(opened));
    return FileId{static_cast<int>(open_files_.size() - 1)};
  }
  const FileId id = free_ids_.back();
  free_ids_.pop_back();
  open_files_[static_cast<std::size_t>(id)] = std::move(opened);
  return id;
}

void EnvMemory::close(FileId file) noexcept {
  OpenFile closed;  // its pages are released after the lock
  const std::unique_lock lock(mutex_);
  closed = std::exchange(open_files_[static_cast<std::size_t>(file)], {});
  assert(closed.file != nullptr);
  closed.file->unlock(file);
  free_ids_.push_back(file);
}

Result<std::size_t> EnvMemory::pread(FileId file, MutableBytes into, FileOffset at) {
  return open_file(file).file->read(into, at);
}

Result<std::size_t> EnvMemory::pwrite(FileId file, Bytes from, FileOffset at) {
  return pwritev(file, std::span(&from, 1), at);
}

Result<std::size_t> EnvMemory::pwritev(FileId file, std::span<const Bytes> from, FileOffset at) {
  const OpenFile opened = open_file(file);
  if (!opened.is_writable) return memory_error("pwrite", opened.path, EBADF);
  std::size_t done = 0;
  for (const Bytes piece : from) {
    if (const int failed = opened.file->write(piece, {at.bytes + done}); failed != 0) {
      if (done > 0) break;  // a short write; the next call meets the error again
      return memory_error("pwrite", opened.path, failed);
    }
    done += piece.size();
  }
  return done;
}

Result<std::uint64_t> EnvMemory::file_bytes(FileId file) { return open_file(file).file->bytes(); }

// Pages count whether or not they were touched.
Result<std::uint64_t> EnvMemory::allocated_bytes(FileId file) { return file_bytes(file); }

Result<void> EnvMemory::resize(FileId file, std::uint64_t bytes) {
  const OpenFile opened = open_file(file);
  if (!opened.is_writable) return memory_error("ftruncate", opened.path, EBADF);
  return outcome("ftruncate", opened.path, opened.file->resize(bytes));
}

Result<void> EnvMemory::reserve(FileId file, FileOffset at, std::uint64_t bytes) {
  if (bytes == 0) return {};
  const OpenFile opened = open_file(file);
  if (!opened.is_writable) return memory_error("fallocate", opened.path, EBADF);
  return outcome("fallocate", opened.path, opened.file->reserve(at, bytes));
}

Result<void> EnvMemory::punch(FileId file, FileOffset at, std::uint64_t bytes) {
  const OpenFile opened = open_file(file);
  if (!opened.is_writable) return memory_error("punch", opened.path, EBADF);
  opened.file->punch(at, bytes);
  return {};
}

Result<void> EnvMemory::sync_data(FileId) { return {}; }

Result<void> EnvMemory::sync_pages(FileId, FileOffset, Bytes) { return {}; }

Result<std::vector<DirectoryEntry>> EnvMemory::list(const std::string& directory) {
  const std::shared_lock lock(mutex_);
  std::vector<DirectoryEntry> entries;
  const int failed = root_.list(directory, &entries);
  if (failed != 0) return memory_error("opendir", directory, failed);
  return entries;
}

Result<bool> EnvMemory::exists(const std::string& path) {
  const std::shared_lock lock(mutex_);
  return root_.exists(path);
}

Result<void> EnvMemory::make_directory(const std::string& path) {
  const std::unique_lock lock(mutex_);
  return outcome("mkdir", path, root_.make_directory(path));
}

Result<void> EnvMemory::remove_directory(const std::string& path) {
  const std::unique_lock lock(mutex_);
  return outcome("rmdir", path, root_.remove_directory(path));
}

Result<void> EnvMemory::rename(const std::string& from, const std::string& to) {
  const std::unique_lock lock(mutex_);
  const int failed = root_.rename(from, to);
  if (failed == 0) return {};
  return memory_error("rename", from + " to " + to, failed);
}

Result<void> EnvMemory::unlink(const std::string& path) {
  const std::unique_lock lock(mutex_);
  return outcome("unlink", path, root_.unlink(path));
}

Result<void> EnvMemory::sync_directory(const std::string& path) {
  Result<std::vector<DirectoryEntry>> entries = list(path);
  if (!entries) return std::move(entries.error());
  return {};
}

Result<void> EnvMemory::lock_exclusive(FileId file) {
  const OpenFile opened = open_file(file);
  const int failed = opened.file->lock(file);
  if (failed == 0) return {};
  Error error = memory_error("flock", opened.path, failed);
  error.code = Errc::kBusy;
  return error;
}

Result<bool> EnvMemory::is_locked(FileId file) { return open_file(file).file->is_locked(); }

Result<MutableBytes> EnvMemory::map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) {
  const OpenFile opened = open_file(file);
  // Every mapping of a file here is the file's own memory.
  if (mode == MapMode::kPrivate) {
    return Error{.code = Errc::kUnsupported, .message = opened.path + ": is memory already"};
  }
  if (mode == MapMode::kReadWrite && !opened.is_writable) {
    return memory_error("mmap", opened.path, EACCES);
  }
  std::byte* address = nullptr;
  if (const int failed = opened.file->map(at, bytes, &address); failed != 0) {
    return memory_error("mmap", opened.path, failed);
  }
  const std::unique_lock lock(mutex_);
  Mapped& mapped = mapped_[address];
  mapped.file = opened.file;
  ++mapped.count;
  return MutableBytes(address, bytes);
}

void EnvMemory::unmap(MutableBytes mapping) noexcept {
  std::shared_ptr<MemoryFile> unmapped;  // its pages are released after the lock
  const std::unique_lock lock(mutex_);
  const auto found = mapped_.find(mapping.data());
  assert(found != mapped_.end());
  unmapped = found->second.file;
  unmapped->unmap();
  if (--found->second.count == 0) mapped_.erase(found);
}

Result<void> EnvMemory::populate(MutableBytes pages) {
  const Result<void> populated = posix::populate(pages);
  // A store into anonymous memory needs no permission from a disk, so that a kernel which cannot
  // populate only makes the first store to a page slower.
  if (populated || populated.error().code == Errc::kUnsupported) return {};
  return memory_error("madvise", "to populate", ENOMEM);
}

Result<void> EnvMemory::residency(Bytes, std::span<std::uint8_t>) {
  return system_error("mincore", "", ENOTSUP);
}

Result<bool> EnvMemory::wait_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                                std::uint64_t timeout_ms) {
  return posix::wait_on(word, expected, timeout_ms);
}

Result<bool> EnvMemory::wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) {
  return posix::wait_any(words, timeout_ns);
}

void EnvMemory::wake_all(std::atomic<std::uint32_t>& word) noexcept { posix::wake_all(word); }

Result<std::string> EnvMemory::boot_id() {
  return std::string(reinterpret_cast<const char*>(boot_id_.data()), boot_id_.size());
}

std::uint64_t EnvMemory::monotonic_ns() noexcept { return posix::monotonic_ns(); }

Result<void> EnvMemory::random_bytes(MutableBytes into) { return posix::random_bytes(into); }

Result<bool> EnvMemory::supports_mapped_writes(const std::string& directory) {
  if (Result<void> found = sync_directory(directory); !found) return std::move(found.error());
  return true;
}

Result<void> EnvMemory::write_durably(std::span<const DurableWrite> writes) {
  return write_in_turn(*this, writes);
}

}  // namespace millrace

#endif
