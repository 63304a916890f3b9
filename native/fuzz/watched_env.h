#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/env_forwarding.h"
#include "core/env_memory.h"

namespace millrace::fuzz {

// A file system in memory, of a machine whose boot and whose random numbers are always the same;
// counts what changes files.
class WatchedEnv final : public EnvForwarding {
 public:
  // With `isolated`, a mapping that is not written through is a copy on the heap, exactly as long
  // as the mapping: AddressSanitizer sees what leaves it, and stores into it reach no file. For
  // files that nobody changes meanwhile.
  static std::shared_ptr<WatchedEnv> make(bool isolated);

  // Calls so far that changed contents or names, but for removing files and for wake pages and
  // locks, whose contents mean nothing (docs/on-disk-format.md).
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_.load(); }

  Result<FileId> open(const std::string& path, OpenMode mode) override;
  void close(FileId file) noexcept override;
  Result<std::size_t> pwrite(FileId file, Bytes from, FileOffset at) override;
  Result<std::size_t> pwritev(FileId file, std::span<const Bytes> from, FileOffset at) override;
  Result<void> resize(FileId file, std::uint64_t bytes) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<MutableBytes> map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) override;
  void unmap(MutableBytes mapping) noexcept override;
  Result<std::string> boot_id() override { return std::string(16, 'b'); }
  Result<void> random_bytes(MutableBytes into) override;

 private:
  WatchedEnv(std::unique_ptr<EnvMemory> memory, bool isolated)
      : EnvForwarding(*memory), memory_(std::move(memory)), isolated_(isolated) {}

  std::unique_ptr<EnvMemory> memory_;
  const bool isolated_;
  std::atomic<std::uint64_t> changes_{0};
  std::atomic<std::uint8_t> drawn_{0};
  void count_change(FileId file);

  std::mutex mutex_;  // guards what follows
  std::set<FileId> meaningless_;
  std::map<std::byte*, std::unique_ptr<std::byte[]>> copies_;
};

}  // namespace millrace::fuzz
