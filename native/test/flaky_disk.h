#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/bytes.h"
#include "core/env_forwarding.h"
#include "test/random.h"

namespace millrace::test {

// What a sync that fails leaves behind, as Rebello et al. found it ("Can Applications Recover from
// fsync Failures?", USENIX ATC 2020). In every case the pages are clean: no later sync writes them.
struct FailedSync {
  std::string path_part = {};  // of files whose path holds this text only
  std::uint64_t nth = 1;       // the n-th such sync from here on
  bool for_ever = false;       // and every one behind it
  bool cache_reverts =
      false;  // the cache drops what was not written (btrfs); or keeps it (ext4, xfs)
  bool some_written = false;  // any of the pages reached the disk; or none did
  int sys_errno = 5;          // EIO
};

// A machine whose page cache and disk are two things: writes and stores through mappings reach the
// cache, which `base` is; a sync takes to the disk what is dirty. Names and lengths are on the disk
// at once. Any thread may call; files, mappings and threads of one process at a time.
//
// A failed write-back is told as Linux tells it (errseq_t): once to each open file, at its next
// sync; to one that is opened later only if nobody was told before. A mapping hears for itself.
class FlakyDisk final : public EnvForwarding {
 public:
  explicit FlakyDisk(std::shared_ptr<Env> base)
      : EnvForwarding(*base), base_owner_(std::move(base)) {}
  ~FlakyDisk() override;

  void plan(FailedSync failure);
  void clear();
  [[nodiscard]] std::uint64_t sync_count() const;
  [[nodiscard]] std::uint64_t failed_count() const;
  // What somebody still holds.
  [[nodiscard]] std::size_t open_files() const;
  [[nodiscard]] std::size_t mappings() const;

  // The system writes the dirty pages of such files back by itself, and fails. The next sync tells;
  // of a file that is opened from here on, unless somebody else has been told.
  void lose_write_back(const std::string& path_part, bool told);
  // Memory runs short: clean pages are read from the disk when they are next wanted.
  void drop_cache();
  // Power fails, and comes back: what is on the disk is all there is, and this is another boot.
  void crash();

  Result<FileId> open(const std::string& path, OpenMode mode) override;
  void close(FileId file) noexcept override;
  Result<std::size_t> pread(FileId file, MutableBytes into, FileOffset at) override;
  Result<std::size_t> pwrite(FileId file, Bytes from, FileOffset at) override;
  Result<std::size_t> pwritev(FileId file, std::span<const Bytes> from, FileOffset at) override;
  Result<void> resize(FileId file, std::uint64_t bytes) override;
  Result<void> reserve(FileId file, FileOffset at, std::uint64_t bytes) override;
  Result<void> punch(FileId file, FileOffset at, std::uint64_t bytes) override;
  Result<void> sync_data(FileId file) override;
  Result<void> sync_pages(FileId file, FileOffset at, Bytes pages) override;
  Result<void> write_durably(std::span<const DurableWrite> writes) override;

  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> unlink(const std::string& path) override;

  Result<MutableBytes> map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) override;
  void unmap(MutableBytes mapping) noexcept override;
  Result<void> populate(MutableBytes pages) override;
  void stored(Bytes range) noexcept override;
  // Until somebody loads pages, whatever was in memory when the cache was dropped is not.
  Result<void> residency(Bytes pages, std::span<std::uint8_t> resident) override;
  Result<void> load(Bytes pages) override;
  Result<std::string> boot_id() override;

 private:
  using Page = std::array<std::byte, kPageBytes>;

  // One file, whatever it is called: what the cache has of it lies in `base`.
  struct Inode {
    Inode(Env& base, FileId id) noexcept : env(base), cache(id) {}
    Inode(const Inode&) = delete;
    Inode& operator=(const Inode&) = delete;
    ~Inode() { env.close(cache); }

    Env& env;
    const FileId cache;
    std::uint64_t bytes = 0;
    std::unordered_map<std::size_t, Page> disk;  // the others are zeros
    std::set<std::size_t> dirty_pages;
    std::set<std::size_t>
        touched_pages;           // that were ever dirty: the cache may differ from the disk
    std::uint64_t failures = 0;  // write-backs that failed
    bool is_told = true;         // somebody was told of the last of them
    int failure_errno = 0;
  };
  struct OpenFile {
    std::shared_ptr<Inode> inode;
    std::string path;
    bool reads_device = false;
    std::uint64_t failures_known = 0;
  };
  struct Mapped {
    std::shared_ptr<Inode> inode;
    FileOffset at;
    std::uint64_t failures_known = 0;
  };
  enum class Sync : std::uint8_t { kWrites, kLosesAll, kLosesSome };

  std::shared_ptr<Inode> inode_of(const std::string& path, FileId opened);
  void fit(Inode& inode);
  void touch(Inode& inode, FileOffset at, std::uint64_t bytes);
  void make_clean(Inode& inode, std::uint64_t from, std::uint64_t to, Sync sync, bool reverts);
  Result<void> sync(FileId file, std::uint64_t& failures_known, std::uint64_t from,
                    std::uint64_t to);
  static std::uint64_t known_at_opening(const Inode& inode) noexcept;
  static void fail(Inode& inode, int sys_errno, bool told) noexcept;
  void touch_mapped(Bytes range);
  void revert(Inode& inode, std::size_t page);
  void forget(Inode& inode, bool dirty_too);
  std::set<std::shared_ptr<Inode>> all_inodes() const;

  std::shared_ptr<Env> base_owner_;
  mutable std::recursive_mutex mutex_;  // guards all below
  std::map<std::string, std::shared_ptr<Inode>> names_;
  std::unordered_map<FileId, OpenFile> open_;
  std::multimap<const std::byte*, Mapped> mapped_;
  struct Planned {
    FailedSync failure;
    std::uint64_t matched = 0;
  };
  std::vector<Planned> plans_;
  std::uint64_t sync_count_ = 0;
  std::uint64_t failed_count_ = 0;
  int boots_ = 0;
  bool is_cold_ = false;
  Random random_;
};

}  // namespace millrace::test
