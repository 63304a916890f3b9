#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "core/sync_times.h"
#include "core/units.h"

namespace millrace {

// An open file of one Env: a descriptor, or a slot of a simulated file system.
enum class FileId : int { kNone = -1 };

// A part of a file that is to be overwritten and synced.
struct DurableWrite {
  FileId file = FileId::kNone;
  FileOffset at;
  Bytes bytes;
  bool shares_flush = false;  // all of it lies where Env::shares_flush_below() said
  bool begun = false;         // and it was written already, and begun (Env::begin_durable())
};

enum class OpenMode : std::uint8_t {
  kRead,         // must exist
  kReadDevice,   // must exist; reads give what the device holds, not what the page cache does
  kReadWrite,    // must exist
  kCreate,       // read and write; created empty when missing
  kCreateEmpty,  // read and write; created, or cut to nothing (only for files never mapped)
};

enum class MapMode : std::uint8_t {
  kRead,       // shared, readable
  kReadWrite,  // shared, readable and writable: stores reach the file
  kPrivate,    // readable and writable: stores reach a copy of the page, never the file
};

enum class AdviseMode : std::uint8_t {
  kSequential,
  kRandom,
  kWillNeed,
  kDontNeed,    // of a shared mapping: mapped no longer, until they are touched; nothing is lost
  kCold,        // the first to go when memory runs short
  kLargePages,  // pages that are populated from now on may come in large pieces
};

// A word that somebody sleeps on, and what it held when that was decided.
struct WaitWord {
  const std::atomic<std::uint32_t>* word;
  std::uint32_t expected;
};

inline constexpr std::size_t kWaitWordsMax = 128;

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

// Every call the engine makes to the system, so that tests can record, refuse or simulate it.
//
// One call here is one system call: a short read or write, or EINTR, is visible to the caller
// (`File` loops). Implementations: posix, memory (anonymous pages, nothing survives the process),
// recording and faulting (both wrap another Env). Thread-safe throughout. Files are used while it
// lives; mappings keep it, if it is shared.
//
// Errors carry errno; ENOSPC and EDQUOT are kNoSpace, EACCES, EPERM and EROFS are kPermission,
// ENOENT is kNotFound, EOPNOTSUPP, ENOSYS and EINVAL of an optional feature are kUnsupported,
// everything else is kIo. Messages name the call and the path.
class Env : public std::enable_shared_from_this<Env> {
 public:
  Env() = default;
  Env(const Env&) = delete;
  Env& operator=(const Env&) = delete;
  virtual ~Env() = default;

  // Files. One of kReadDevice is read by whole pages into memory that begins at one, and not
  // mapped. What the cache has of such pages and did not write yet is written first; a failure of
  // that fails the read. Where the system knows no way past its cache, clean pages that nobody has
  // mapped are dropped from it.
  virtual Result<FileId> open(const std::string& path, OpenMode mode) = 0;
  virtual void close(FileId file) noexcept = 0;
  // How many bytes were read: fewer than asked at the end of the file, or by interruption.
  virtual Result<std::size_t> pread(FileId file, MutableBytes into, FileOffset at) = 0;
  virtual Result<std::size_t> pwrite(FileId file, Bytes from, FileOffset at) = 0;
  virtual Result<std::size_t> pwritev(FileId file, std::span<const Bytes> from, FileOffset at) = 0;
  virtual Result<std::uint64_t> file_bytes(FileId file) = 0;
  // What the file takes on the device: less than its length where it has holes.
  virtual Result<std::uint64_t> allocated_bytes(FileId file) = 0;
  // Sets the length of a file that nobody has mapped.
  virtual Result<void> resize(FileId file, std::uint64_t bytes) = 0;
  // Reserves blocks and extends the file over [at, at + bytes). kUnsupported is a hint, not a
  // fault.
  virtual Result<void> reserve(FileId file, FileOffset at, std::uint64_t bytes) = 0;
  // Gives blocks back, keeping the length; the range reads as zeros.
  virtual Result<void> punch(FileId file, FileOffset at, std::uint64_t bytes) = 0;
  virtual Result<void> sync_data(FileId file) = 0;
  // As sync_data, of that part of the file which starts at `at` and is mapped at `pages`. Nothing
  // is said of other parts: they may stay as they are.
  virtual Result<void> sync_pages(FileId file, FileOffset at, Bytes pages) = 0;
  // All of it is written and durable when it returns, at the price of as few flushes of the device
  // as the system allows. After a failure any part may be. A range overwrites bytes that the file
  // has; no two ranges overlap.
  virtual Result<void> write_durably(std::span<const DurableWrite> writes) = 0;
  // A range that shares a flush was written, and will be in a write_durably(), where it is `begun`:
  // it may go to the device now. Speed hangs on it, and nothing else.
  virtual void begin_durable(const DurableWrite& write) noexcept = 0;
  // Overwriting bytes of this file below the answer changes nothing but them, on a file system
  // where one flush makes such writes to any number of its files durable. 0 where that is not so.
  // Speaks of what the next sync of the file covers, too.
  virtual Result<FileOffset> shares_flush_below(FileId file) = 0;
  // How long sync_data, sync_pages, write_durably and sync_directory took, each call a sync; none
  // where nothing is ever synced.
  [[nodiscard]] virtual SyncTotals sync_totals() const noexcept = 0;

  // Names.
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& directory) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<void> make_directory(const std::string& path) = 0;  // an existing one is fine
  virtual Result<void> remove_directory(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> unlink(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& path) = 0;
  // Takes an exclusive lock held until the file is closed; kBusy when somebody else has it.
  virtual Result<void> lock_exclusive(FileId file) = 0;
  // Whether somebody, here or in a process that this one can see, has that lock. Takes nothing.
  // kUnsupported where the system does not tell.
  virtual Result<bool> is_locked(FileId file) = 0;

  // Mappings. `at` is a multiple of kPageBytes. The mapping outlives the file's close.
  virtual Result<MutableBytes> map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) = 0;
  virtual void unmap(MutableBytes mapping) noexcept = 0;
  // Makes pages of a writable mapping present and writable, or says why that cannot be: the only
  // way to learn of a full disk without a signal. kUnsupported: never store through this mapping.
  virtual Result<void> populate(MutableBytes pages) = 0;
  virtual void advise(Bytes pages, AdviseMode mode) noexcept = 0;
  // Which pages of a mapping are in memory: 1 or 0 for each. kUnsupported when the system does not
  // tell.
  virtual Result<void> residency(Bytes pages, std::span<std::uint8_t> resident) = 0;
  // Brings pages of a mapping into memory, and waits until they are there.
  virtual Result<void> load(Bytes pages) = 0;
  // Bytes of a writable mapping were stored and are about to be published. For observers only.
  virtual void stored(Bytes range) noexcept = 0;

  // Sleeps while `word` holds `expected`, at most `timeout_ms`; false when the time ran out. The
  // word may be shared with other processes. May wake without reason.
  virtual Result<bool> wait_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                               std::uint64_t timeout_ms) = 0;
  // The same for several words at once, until one of them changes. kUnsupported when the system
  // can only wait for one, or there are more than it takes (kWaitWordsMax are fine if two are).
  virtual Result<bool> wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) = 0;
  virtual void wake_all(std::atomic<std::uint32_t>& word) noexcept = 0;

  // Identifies this boot of this machine; 16 bytes, equal until the page cache may have been lost.
  virtual Result<std::string> boot_id() = 0;
  [[nodiscard]] virtual std::uint64_t monotonic_ns() noexcept = 0;
  // Unpredictable bytes: identities of logs, salts of segments.
  virtual Result<void> random_bytes(MutableBytes into) = 0;
  // Whether files of this directory may be stored to through mappings: probed by storing through
  // one and reading back through the other path.
  virtual Result<bool> supports_mapped_writes(const std::string& directory) = 0;
};

}  // namespace millrace
