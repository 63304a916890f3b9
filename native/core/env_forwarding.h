#pragma once

#include <string>
#include <vector>

#include "core/env.h"

namespace millrace {

// Hands every call to another Env. A base for those that change or watch a few of them.
class EnvForwarding : public Env {
 public:
  // `base` must outlive this object.
  explicit EnvForwarding(Env& base) noexcept : base_(base) {}

  Result<FileId> open(const std::string& path, OpenMode mode) override {
    return base_.open(path, mode);
  }
  void close(FileId file) noexcept override { base_.close(file); }
  Result<std::size_t> pread(FileId file, MutableBytes into, FileOffset at) override {
    return base_.pread(file, into, at);
  }
  Result<std::size_t> pwrite(FileId file, Bytes from, FileOffset at) override {
    return base_.pwrite(file, from, at);
  }
  Result<std::size_t> pwritev(FileId file, std::span<const Bytes> from, FileOffset at) override {
    return base_.pwritev(file, from, at);
  }
  Result<std::uint64_t> file_bytes(FileId file) override { return base_.file_bytes(file); }
  Result<std::uint64_t> allocated_bytes(FileId file) override {
    return base_.allocated_bytes(file);
  }
  Result<void> resize(FileId file, std::uint64_t bytes) override {
    return base_.resize(file, bytes);
  }
  Result<void> reserve(FileId file, FileOffset at, std::uint64_t bytes) override {
    return base_.reserve(file, at, bytes);
  }
  Result<void> punch(FileId file, FileOffset at, std::uint64_t bytes) override {
    return base_.punch(file, at, bytes);
  }
  Result<void> sync_data(FileId file) override { return base_.sync_data(file); }
  Result<void> sync_pages(FileId file, FileOffset at, Bytes pages) override {
    return base_.sync_pages(file, at, pages);
  }
  Result<void> write_durably(std::span<const DurableWrite> writes) override {
    return base_.write_durably(writes);
  }
  void begin_durable(const DurableWrite& write) noexcept override { base_.begin_durable(write); }
  Result<FileOffset> shares_flush_below(FileId file) override {
    return base_.shares_flush_below(file);
  }
  [[nodiscard]] SyncTotals sync_totals() const noexcept override { return base_.sync_totals(); }

  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override {
    return base_.list(directory);
  }
  Result<bool> exists(const std::string& path) override { return base_.exists(path); }
  Result<void> make_directory(const std::string& path) override {
    return base_.make_directory(path);
  }
  Result<void> remove_directory(const std::string& path) override {
    return base_.remove_directory(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return base_.rename(from, to);
  }
  Result<void> unlink(const std::string& path) override { return base_.unlink(path); }
  Result<void> sync_directory(const std::string& path) override {
    return base_.sync_directory(path);
  }
  Result<void> lock_exclusive(FileId file) override { return base_.lock_exclusive(file); }
  Result<bool> is_locked(FileId file) override { return base_.is_locked(file); }

  Result<MutableBytes> map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) override {
    return base_.map(file, at, bytes, mode);
  }
  void unmap(MutableBytes mapping) noexcept override { base_.unmap(mapping); }
  Result<void> populate(MutableBytes pages) override { return base_.populate(pages); }
  void advise(Bytes pages, AdviseMode mode) noexcept override { base_.advise(pages, mode); }
  Result<void> residency(Bytes pages, std::span<std::uint8_t> resident) override {
    return base_.residency(pages, resident);
  }
  Result<void> load(Bytes pages) override { return base_.load(pages); }
  void stored(Bytes range) noexcept override { base_.stored(range); }

  Result<bool> wait_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                       std::uint64_t timeout_ms) override {
    return base_.wait_on(word, expected, timeout_ms);
  }
  Result<bool> wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) override {
    return base_.wait_any(words, timeout_ns);
  }
  void wake_all(std::atomic<std::uint32_t>& word) noexcept override { base_.wake_all(word); }

  Result<std::string> boot_id() override { return base_.boot_id(); }
  [[nodiscard]] std::uint64_t monotonic_ns() noexcept override { return base_.monotonic_ns(); }
  Result<void> random_bytes(MutableBytes into) override { return base_.random_bytes(into); }
  Result<bool> supports_mapped_writes(const std::string& directory) override {
    return base_.supports_mapped_writes(directory);
  }

 protected:
  Env& base_;
};

}  // namespace millrace
