#pragma once

#include <array>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/memory_directory.h"
#include "core/memory_file.h"
#include "core/memory_image.h"

namespace millrace {

// A file system of its own in anonymous memory, for `memory:` stores and for tests. Starts with an
// empty root directory, "/"; relative paths begin there too. Files cost the pages that were
// touched; running out of memory is kNoSpace. Syncs do nothing, and every object is another boot
// of another machine. The destructor releases everything, so files and mappings must be gone.
//
// A mapping is the file's own memory: several mappings of one range share their address, and a
// read-only one is read-only by agreement.
class EnvMemory final : public Env {
 public:
  EnvMemory();
  // A file system that holds what the image does, and never changes it; in the same boot of the
  // same machine. kNoSpace.
  static Result<std::shared_ptr<EnvMemory>> of(const MemoryImage& image);
  ~EnvMemory() override;

  // What it holds now. Large stretches that are settled are shared with the image, copy-on-write on
  // both sides; an image, and another one of a file system made of it, cost the rest. Nobody stores
  // through a mapping meanwhile, or ever again into what is settled.
  std::shared_ptr<const MemoryImage> image(const FileContents& contents);

  Result<FileId> open(const std::string& path, OpenMode mode) override;
  void close(FileId file) noexcept override;
  Result<std::size_t> pread(FileId file, MutableBytes into, FileOffset at) override;
  Result<std::size_t> pwrite(FileId file, Bytes from, FileOffset at) override;
  Result<std::size_t> pwritev(FileId file, std::span<const Bytes> from, FileOffset at) override;
  Result<std::uint64_t> file_bytes(FileId file) override;
  Result<std::uint64_t> allocated_bytes(FileId file) override;
  Result<void> resize(FileId file, std::uint64_t bytes) override;
  Result<void> reserve(FileId file, FileOffset at, std::uint64_t bytes) override;
  Result<void> punch(FileId file, FileOffset at, std::uint64_t bytes) override;
  Result<void> sync_data(FileId file) override;
  Result<void> sync_pages(FileId file, FileOffset at, Bytes pages) override;
  Result<void> write_durably(std::span<const DurableWrite> writes) override;
  void begin_durable(const DurableWrite&) noexcept override {}
  Result<FileOffset> shares_flush_below(FileId) override { return FileOffset{0}; }
  [[nodiscard]] SyncTotals sync_totals() const noexcept override { return {}; }

  // Sorted by name.
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Result<void> make_directory(const std::string& path) override;
  Result<void> remove_directory(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> unlink(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<void> lock_exclusive(FileId file) override;
  Result<bool> is_locked(FileId file) override;

  Result<MutableBytes> map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) override;
  void unmap(MutableBytes mapping) noexcept override;
  Result<void> populate(MutableBytes pages) override;
  // The pages are the only copy: nothing may be dropped, nothing can be read ahead.
  void advise(Bytes, AdviseMode) noexcept override {}
  // Nothing ever waits for a disk.
  Result<void> residency(Bytes pages, std::span<std::uint8_t> resident) override;
  Result<void> load(Bytes) override { return {}; }
  void stored(Bytes) noexcept override {}

  Result<bool> wait_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                       std::uint64_t timeout_ms) override;
  Result<bool> wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) override;
  void wake_all(std::atomic<std::uint32_t>& word) noexcept override;

  Result<std::string> boot_id() override;
  [[nodiscard]] std::uint64_t monotonic_ns() noexcept override;
  Result<void> random_bytes(MutableBytes into) override;
  Result<bool> supports_mapped_writes(const std::string& directory) override;

 private:
  struct OpenFile {
    std::shared_ptr<MemoryFile> file;  // null: this FileId is free
    std::string path;                  // for messages
    bool is_writable = false;
  };
  struct Mapped {
    std::shared_ptr<MemoryFile> file;
    std::size_t count = 0;  // how many mappings begin at this address
  };

  // Copies, so that a call goes on undisturbed while the FileId is closed and reused.
  [[nodiscard]] OpenFile open_file(FileId file) const;

  MemoryDirectory root_;
  std::vector<OpenFile> open_files_;  // by FileId
  std::vector<FileId> free_ids_;
  std::map<std::byte*, Mapped> mapped_;
  std::array<std::byte, 16> boot_id_{};
  mutable std::shared_mutex mutex_;  // guards all above; taken before a file's own
};

}  // namespace millrace
