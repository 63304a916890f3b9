#include "core/env_faulting.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <iterator>
#include <numeric>
#include <utility>

#include "core/system_error.h"
#include "core/write_in_turn.h"

namespace millrace {
namespace {

constexpr std::array<const char*, kEnvCallCount> kCallNames = {
    "open",      "pread",   "pwrite", "fstat",   "ftruncate", "fallocate", "punch",
    "fdatasync", "opendir", "stat",   "mkdir",   "rmdir",     "rename",    "unlink",
    "fsync",     "flock",   "mmap",   "madvise", "futex",     "boot id",   "getrandom",
    "probe",     "load",    "blocks", "extents", "locks",     "mincore",   "futex_waitv"};

// These report EINVAL, too, as "this cannot be had here".
bool is_optional_feature(EnvCall call) noexcept {
  return call == EnvCall::kReserve || call == EnvCall::kPunch || call == EnvCall::kPopulate;
}

bool is_transfer(EnvCall call) noexcept {
  return call == EnvCall::kRead || call == EnvCall::kWrite;
}

std::size_t index_of(EnvCall call) noexcept { return static_cast<std::size_t>(call); }

bool passes_by(const Fault& fault, EnvCall call) noexcept {
  if (fault.effect == Fault::Effect::kShort) return !is_transfer(call);
  return fault.sys_errno == EINTR && !is_interruptible(call);
}

Error error_of(EnvCall call, std::string_view path, int sys_errno) {
  const char* name = name_of(call);
  if (is_optional_feature(call)) return optional_feature_error(name, path, sys_errno);
  Error error = system_error(name, path, sys_errno);
  if (call == EnvCall::kLockExclusive && sys_errno == EWOULDBLOCK) error.code = Errc::kBusy;
  return error;
}

}  // namespace

const char* name_of(EnvCall call) noexcept { return kCallNames[index_of(call)]; }

// As the manual pages have it. A futex call that is interrupted has woken.
bool is_interruptible(EnvCall call) noexcept {
  switch (call) {
    case EnvCall::kOpen:
    case EnvCall::kRead:
    case EnvCall::kWrite:
    case EnvCall::kResize:
    case EnvCall::kReserve:
    case EnvCall::kPunch:
    case EnvCall::kSyncData:
    case EnvCall::kSyncDirectory:
    case EnvCall::kLockExclusive:
    case EnvCall::kPopulate:
    case EnvCall::kLoad:
      return true;
    default:
      return false;
  }
}

void EnvFaulting::plan(Fault fault) {
  const std::lock_guard lock(mutex_);
  plans_.push_back({std::move(fault), 0});
}

void EnvFaulting::clear() {
  const std::lock_guard lock(mutex_);
  plans_.clear();
}

std::uint64_t EnvFaulting::call_count() const {
  const std::lock_guard lock(mutex_);
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::uint64_t EnvFaulting::call_count(EnvCall call) const {
  const std::lock_guard lock(mutex_);
  return counts_[index_of(call)];
}

std::uint64_t EnvFaulting::fault_count() const {
  const std::lock_guard lock(mutex_);
  return fault_count_;
}

std::string EnvFaulting::first_fault() const {
  const std::lock_guard lock(mutex_);
  return first_fault_;
}

std::optional<Fault> EnvFaulting::fault_of(EnvCall call, std::string_view path) {
  const std::lock_guard lock(mutex_);
  ++counts_[index_of(call)];
  std::optional<Fault> decided;
  for (auto& [fault, matched] : plans_) {
    if (fault.call && *fault.call != call) continue;
    if (passes_by(fault, call)) continue;
    if (path.find(fault.path_part) == std::string_view::npos) continue;
    ++matched;
    const bool is_due =
        matched == fault.nth || (matched > fault.nth && fault.repeat == Fault::Repeat::kForever);
    if (is_due && !decided) decided = fault;
  }
  if (!decided) return decided;
  if (++fault_count_ == 1) first_fault_ = std::string(name_of(call)) + " " + std::string(path);
  return decided;
}

std::optional<Error> EnvFaulting::refusal(EnvCall call, std::string_view path) {
  const std::optional<Fault> fault = fault_of(call, path);
  if (!fault) return std::nullopt;
  return error_of(call, path, fault->sys_errno);
}

Result<std::size_t> EnvFaulting::allowance(EnvCall call, FileId file, std::size_t bytes) {
  const std::string path = path_of(file);
  const std::optional<Fault> fault = fault_of(call, path);
  if (!fault) return bytes;
  if (fault->effect == Fault::Effect::kShort) return bytes - bytes / 2;
  return error_of(call, path, fault->sys_errno);
}

std::string EnvFaulting::path_of(FileId file) const {
  const std::lock_guard lock(mutex_);
  const auto entry = paths_.find(file);
  assert(entry != paths_.end());
  return entry == paths_.end() ? std::string() : entry->second;
}

// Of the mapping that begins nearest at or before the address: where mappings overlap, they are of
// one file.
std::string EnvFaulting::path_of(const std::byte* address) const {
  const std::lock_guard lock(mutex_);
  const auto after = mapped_paths_.upper_bound(address);
  assert(after != mapped_paths_.begin());
  return std::prev(after)->second;
}

Result<FileId> EnvFaulting::open(const std::string& path, OpenMode mode) {
  if (auto error = refusal(EnvCall::kOpen, path)) return std::move(*error);
  Result<FileId> opened = base_.open(path, mode);
  if (!opened) return opened;
  const std::lock_guard lock(mutex_);
  paths_[*opened] = path;
  return opened;
}

void EnvFaulting::close(FileId file) noexcept {
  {
    const std::lock_guard lock(mutex_);  // first: the wrapped Env may hand the FileId out again
    paths_.erase(file);
  }
  base_.close(file);
}

Result<std::size_t> EnvFaulting::pread(FileId file, MutableBytes into, FileOffset at) {
  Result<std::size_t> allowed = allowance(EnvCall::kRead, file, into.size());
  if (!allowed) return allowed;
  return base_.pread(file, into.first(*allowed), at);
}

Result<std::size_t> EnvFaulting::pwrite(FileId file, Bytes from, FileOffset at) {
  Result<std::size_t> allowed = allowance(EnvCall::kWrite, file, from.size());
  if (!allowed) return allowed;
  return base_.pwrite(file, from.first(*allowed), at);
}

Result<std::size_t> EnvFaulting::pwritev(FileId file, std::span<const Bytes> from, FileOffset at) {
  std::size_t bytes = 0;
  for (const Bytes piece : from) bytes += piece.size();
  Result<std::size_t> allowed = allowance(EnvCall::kWrite, file, bytes);
  if (!allowed) return allowed;
  std::vector<Bytes> pieces;
  std::size_t left = *allowed;
  for (const Bytes piece : from) {
    pieces.push_back(piece.first(std::min(piece.size(), left)));
    left -= pieces.back().size();
  }
  return base_.pwritev(file, pieces, at);
}

Result<std::uint64_t> EnvFaulting::file_bytes(FileId file) {
  if (auto error = refusal(EnvCall::kFileBytes, path_of(file))) return std::move(*error);
  return base_.file_bytes(file);
}

Result<std::uint64_t> EnvFaulting::allocated_bytes(FileId file) {
  if (auto error = refusal(EnvCall::kAllocatedBytes, path_of(file))) return std::move(*error);
  return base_.allocated_bytes(file);
}

Result<void> EnvFaulting::resize(FileId file, std::uint64_t bytes) {
  if (auto error = refusal(EnvCall::kResize, path_of(file))) return std::move(*error);
  return base_.resize(file, bytes);
}

Result<void> EnvFaulting::reserve(FileId file, FileOffset at, std::uint64_t bytes) {
  if (auto error = refusal(EnvCall::kReserve, path_of(file))) return std::move(*error);
  return base_.reserve(file, at, bytes);
}

Result<void> EnvFaulting::punch(FileId file, FileOffset at, std::uint64_t bytes) {
  if (auto error = refusal(EnvCall::kPunch, path_of(file))) return std::move(*error);
  return base_.punch(file, at, bytes);
}

Result<void> EnvFaulting::sync_data(FileId file) {
  if (auto error = refusal(EnvCall::kSyncData, path_of(file))) return std::move(*error);
  return base_.sync_data(file);
}

// Counts as the same call: what asks for it does not care which of the two it is.
Result<void> EnvFaulting::sync_pages(FileId file, FileOffset at, Bytes pages) {
  if (auto error = refusal(EnvCall::kSyncData, path_of(file))) return std::move(*error);
  return base_.sync_pages(file, at, pages);
}

Result<FileOffset> EnvFaulting::shares_flush_below(FileId file) {
  if (auto error = refusal(EnvCall::kSharesFlush, path_of(file))) return std::move(*error);
  return base_.shares_flush_below(file);
}

Result<std::vector<DirectoryEntry>> EnvFaulting::list(const std::string& directory) {
  if (auto error = refusal(EnvCall::kList, directory)) return std::move(*error);
  return base_.list(directory);
}

Result<bool> EnvFaulting::exists(const std::string& path) {
  if (auto error = refusal(EnvCall::kExists, path)) return std::move(*error);
  return base_.exists(path);
}

Result<void> EnvFaulting::make_directory(const std::string& path) {
  if (auto error = refusal(EnvCall::kMakeDirectory, path)) return std::move(*error);
  return base_.make_directory(path);
}

Result<void> EnvFaulting::remove_directory(const std::string& path) {
  if (auto error = refusal(EnvCall::kRemoveDirectory, path)) return std::move(*error);
  return base_.remove_directory(path);
}

Result<void> EnvFaulting::rename(const std::string& from, const std::string& to) {
  if (auto error = refusal(EnvCall::kRename, from + " to " + to)) return std::move(*error);
  return base_.rename(from, to);
}

Result<void> EnvFaulting::unlink(const std::string& path) {
  if (auto error = refusal(EnvCall::kUnlink, path)) return std::move(*error);
  return base_.unlink(path);
}

Result<void> EnvFaulting::sync_directory(const std::string& path) {
  if (auto error = refusal(EnvCall::kSyncDirectory, path)) return std::move(*error);
  return base_.sync_directory(path);
}

Result<void> EnvFaulting::lock_exclusive(FileId file) {
  if (auto error = refusal(EnvCall::kLockExclusive, path_of(file))) return std::move(*error);
  return base_.lock_exclusive(file);
}

Result<bool> EnvFaulting::is_locked(FileId file) {
  if (auto error = refusal(EnvCall::kIsLocked, path_of(file))) return std::move(*error);
  return base_.is_locked(file);
}

Result<MutableBytes> EnvFaulting::map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) {
  const std::string path = path_of(file);
  if (auto error = refusal(EnvCall::kMap, path)) return std::move(*error);
  Result<MutableBytes> mapped = base_.map(file, at, bytes, mode);
  if (!mapped) return mapped;
  const std::lock_guard lock(mutex_);
  mapped_paths_.emplace(mapped->data(), path);
  return mapped;
}

void EnvFaulting::unmap(MutableBytes mapping) noexcept {
  {
    const std::lock_guard lock(mutex_);  // first: the addresses may be handed out again
    const auto entry = mapped_paths_.find(mapping.data());
    assert(entry != mapped_paths_.end());
    mapped_paths_.erase(entry);
  }
  base_.unmap(mapping);
}

Result<void> EnvFaulting::populate(MutableBytes pages) {
  if (auto error = refusal(EnvCall::kPopulate, path_of(pages.data()))) return std::move(*error);
  return base_.populate(pages);
}

Result<void> EnvFaulting::residency(Bytes pages, std::span<std::uint8_t> resident) {
  if (auto error = refusal(EnvCall::kResidency, path_of(pages.data()))) return std::move(*error);
  return base_.residency(pages, resident);
}

Result<void> EnvFaulting::load(Bytes pages) {
  if (auto error = refusal(EnvCall::kLoad, path_of(pages.data()))) return std::move(*error);
  return base_.load(pages);
}

Result<bool> EnvFaulting::wait_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                                  std::uint64_t timeout_ms) {
  if (auto error = refusal(EnvCall::kWaitOn, "")) return std::move(*error);
  return base_.wait_on(word, expected, timeout_ms);
}

Result<bool> EnvFaulting::wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns) {
  if (auto error = refusal(EnvCall::kWaitAny, "")) return std::move(*error);
  return base_.wait_any(words, timeout_ns);
}

Result<std::string> EnvFaulting::boot_id() {
  if (auto error = refusal(EnvCall::kBootId, "")) return std::move(*error);
  return base_.boot_id();
}

Result<void> EnvFaulting::random_bytes(MutableBytes into) {
  if (auto error = refusal(EnvCall::kRandomBytes, "")) return std::move(*error);
  return base_.random_bytes(into);
}

Result<bool> EnvFaulting::supports_mapped_writes(const std::string& directory) {
  if (auto error = refusal(EnvCall::kSupportsMappedWrites, directory)) return std::move(*error);
  return base_.supports_mapped_writes(directory);
}

// Each of its writes and syncs can go wrong by itself.
Result<void> EnvFaulting::write_durably(std::span<const DurableWrite> writes) {
  return write_in_turn(*this, writes);
}

}  // namespace millrace
