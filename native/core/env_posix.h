#pragma once

#include "core/crew.h"
#include "core/env.h"

namespace millrace {

// The machine itself: each call is one system call, but for write_durably(). Holds nothing but the
// threads that help with that and how long its syncs took, so any number may exist, and files and
// mappings of one may be used through another. A FileId is a descriptor.
class EnvPosix final : public Env {
 public:
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
  void begin_durable(const DurableWrite& write) noexcept override;
  Result<FileOffset> shares_flush_below(FileId file) override;
  // By the steady clock.
  [[nodiscard]] SyncTotals sync_totals() const noexcept override { return sync_times_.totals(); }

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
  void advise(Bytes pages, AdviseMode mode) noexcept override;
  Result<void> residency(Bytes pages, std::span<std::uint8_t> resident) override;
  Result<void> load(Bytes pages) override;
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
  Crew crew_;
  SyncTimes sync_times_;
};

}  // namespace millrace
