#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/env_forwarding.h"

namespace millrace {

// The calls of an Env that can fail.
enum class EnvCall : std::uint8_t {
  kOpen,
  kRead,
  kWrite,  // pwrite and pwritev
  kFileBytes,
  kResize,
  kReserve,
  kPunch,
  kSyncData,
  kList,
  kExists,
  kMakeDirectory,
  kRemoveDirectory,
  kRename,
  kUnlink,
  kSyncDirectory,
  kLockExclusive,
  kMap,
  kPopulate,
  kWaitOn,
  kBootId,
  kRandomBytes,
  kSupportsMappedWrites,
  kLoad,
  kAllocatedBytes,
  kSharesFlush,
  kIsLocked,
  kResidency,
  kWaitAny,
};
inline constexpr std::size_t kEnvCallCount = 28;

// As the system spells it: "pwrite".
[[nodiscard]] const char* name_of(EnvCall call) noexcept;
// Whether it is one that a signal can interrupt: EINTR of another one does not exist.
[[nodiscard]] bool is_interruptible(EnvCall call) noexcept;

// Which call goes wrong, and how. The default is the first call of any kind, once, with EIO.
struct Fault {
  enum class Effect : std::uint8_t {
    kFail,   // with sys_errno, before anything was done; EINTR touches calls that know it only
    kShort,  // a read or write of more than one byte does half of it; other calls are not touched
  };
  enum class Repeat : std::uint8_t { kOnce, kForever };

  std::optional<EnvCall> call = {};  // of this kind only
  // Of paths that hold this text only. A file or mapping has the path it was opened by; a rename
  // has both of its own; a call without a path matches the empty text alone.
  std::string path_part = {};
  std::uint64_t nth = 1;  // the n-th call, counted from 1, of those that match since the plan
  Effect effect = Effect::kFail;
  int sys_errno = 5;  // EIO
  Repeat repeat = Repeat::kOnce;
};

// Makes planned calls fail and counts all of them, to show what the engine does when the k-th call
// goes wrong. A call that fails here does not reach the wrapped Env. Any thread may call.
class EnvFaulting final : public EnvForwarding {
 public:
  explicit EnvFaulting(Env& base) noexcept : EnvForwarding(base) {}

  // Faults add up; when several match one call, the one planned first decides.
  void plan(Fault fault);
  // Forgets all plans: everything works again.
  void clear();

  // Calls since the beginning, failed ones too.
  [[nodiscard]] std::uint64_t call_count() const;
  [[nodiscard]] std::uint64_t call_count(EnvCall call) const;
  // How many of them went wrong by plan.
  [[nodiscard]] std::uint64_t fault_count() const;
  // Which call was the first of them, and of what path: "pwrite /a/b".
  [[nodiscard]] std::string first_fault() const;

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
  Result<FileOffset> shares_flush_below(FileId file) override;

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
  Result<void> residency(Bytes pages, std::span<std::uint8_t> resident) override;
  Result<void> load(Bytes pages) override;

  Result<bool> wait_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                       std::uint64_t timeout_ms) override;
  Result<bool> wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) override;
  Result<std::string> boot_id() override;
  Result<void> random_bytes(MutableBytes into) override;
  Result<bool> supports_mapped_writes(const std::string& directory) override;

 private:
  struct Planned {
    Fault fault;
    std::uint64_t matched = 0;
  };

  // Counts a call and says what is to go wrong with it.
  std::optional<Fault> fault_of(EnvCall call, std::string_view path);
  // The Error of a call that is to fail.
  std::optional<Error> refusal(EnvCall call, std::string_view path);
  // Counts a transfer: an Error, or how many of `bytes` are to be transferred.
  Result<std::size_t> allowance(EnvCall call, FileId file, std::size_t bytes);
  [[nodiscard]] std::string path_of(FileId file) const;
  [[nodiscard]] std::string path_of(const std::byte* address) const;

  mutable std::mutex mutex_;  // guards all below; not held while a call runs
  std::vector<Planned> plans_;
  std::array<std::uint64_t, kEnvCallCount> counts_{};
  std::uint64_t fault_count_ = 0;
  std::string first_fault_;
  std::unordered_map<FileId, std::string> paths_;
  std::multimap<const std::byte*, std::string> mapped_paths_;  // by first byte
};

}  // namespace millrace
