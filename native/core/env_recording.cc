#include "core/env_recording.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/write_in_turn.h"

namespace millrace {
namespace {

using Kind = RecordedCall::Kind;

// One spelling for each path: no empty and no "." components.
std::string normalized(const std::string& path) {
  std::string result;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string component = path.substr(at, end - at);
    const bool is_root = at == 0 && end == 0;
    if (is_root) result.push_back('/');
    if (!component.empty() && component != ".") {
      if (!result.empty() && result.back() != '/') result.push_back('/');
      result.append(component);
    }
    at = end + 1;
  }
  return result;
}

}  // namespace

std::size_t EnvRecording::call_count() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

std::vector<RecordedCall> EnvRecording::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<RecordedCall> EnvRecording::take_calls() {
  const std::lock_guard lock(mutex_);
  return std::exchange(calls_, {});
}

void EnvRecording::note(RecordedCall call) {
  if (listener_) return listener_(call);
  calls_.push_back(std::move(call));
}

Result<FileId> EnvRecording::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  const bool creates = mode == OpenMode::kCreate || mode == OpenMode::kCreateEmpty;
  bool existed = true;
  if (creates) {
    const Result<bool> found = base_.exists(path);
    existed = found && *found;
  }
  Result<FileId> opened = base_.open(path, mode);
  if (!opened) return opened;
  const std::string name = normalized(path);
  const RecordedFile file = number_of(name);
  open_files_[*opened] = file;
  if (!existed) {
    note({.kind = Kind::kCreate, .file = file, .path = name});
  } else if (mode == OpenMode::kCreateEmpty) {
    note({.kind = Kind::kTruncate, .file = file, .path = name});
  }
  return opened;
}

void EnvRecording::close(FileId file) noexcept {
  const std::lock_guard lock(mutex_);
  open_files_.erase(file);
  base_.close(file);
}

Result<std::size_t> EnvRecording::pwrite(FileId file, Bytes from, FileOffset at) {
  return pwritev(file, std::span(&from, 1), at);
}

Result<std::size_t> EnvRecording::pwritev(FileId file, std::span<const Bytes> from, FileOffset at) {
  const std::lock_guard lock(mutex_);
  RecordedCall call = call_on(Kind::kWrite, file);
  call.at = at;
  for (const Bytes piece : from) call.bytes.insert(call.bytes.end(), piece.begin(), piece.end());
  Result<std::size_t> count =
      from.size() == 1 ? base_.pwrite(file, from.front(), at) : base_.pwritev(file, from, at);
  if (count) {
    call.bytes.resize(*count);
  } else {
    call.sys_errno = count.error().sys_errno;
  }
  note(std::move(call));
  return count;
}

Result<void> EnvRecording::resize(FileId file, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  RecordedCall call = call_on(Kind::kResize, file);
  call.length = bytes;
  return journaled(std::move(call), base_.resize(file, bytes));
}

Result<void> EnvRecording::reserve(FileId file, FileOffset at, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  RecordedCall call = call_on(Kind::kReserve, file);
  call.at = at;
  call.length = bytes;
  return journaled(std::move(call), base_.reserve(file, at, bytes));
}

Result<void> EnvRecording::punch(FileId file, FileOffset at, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  RecordedCall call = call_on(Kind::kPunch, file);
  call.at = at;
  call.length = bytes;
  return journaled(std::move(call), base_.punch(file, at, bytes));
}

Result<void> EnvRecording::sync_data(FileId file) {
  const std::lock_guard lock(mutex_);
  return journaled(call_on(Kind::kSyncData, file), base_.sync_data(file));
}

Result<void> EnvRecording::sync_pages(FileId file, FileOffset at, Bytes pages) {
  const std::lock_guard lock(mutex_);
  RecordedCall call = call_on(Kind::kSyncData, file);
  call.at = at;
  call.length = pages.size();
  return journaled(std::move(call), base_.sync_pages(file, at, pages));
}

Result<void> EnvRecording::make_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const Result<bool> existed = base_.exists(path);
  Result<void> made = base_.make_directory(path);
  if (made && existed && *existed) return made;  // nothing changed
  return journaled({.kind = Kind::kMakeDirectory, .path = normalized(path)}, std::move(made));
}

Result<void> EnvRecording::remove_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return journaled({.kind = Kind::kRemoveDirectory, .path = normalized(path)},
                   base_.remove_directory(path));
}

Result<void> EnvRecording::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const std::string name = normalized(from);
  const std::string new_name = normalized(to);
  const RecordedFile file = named(name);
  Result<void> renamed = base_.rename(from, to);
  if (renamed) move_names(name, new_name);
  return journaled({.kind = Kind::kRename, .file = file, .path = name, .to_path = new_name},
                   std::move(renamed));
}

Result<void> EnvRecording::unlink(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const std::string name = normalized(path);
  const RecordedFile file = named(name);
  Result<void> unlinked = base_.unlink(path);
  if (unlinked) names_.erase(name);
  return journaled({.kind = Kind::kUnlink, .file = file, .path = name}, std::move(unlinked));
}

Result<void> EnvRecording::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return journaled({.kind = Kind::kSyncDirectory, .path = normalized(path)},
                   base_.sync_directory(path));
}

Result<MutableBytes> EnvRecording::map(FileId file, FileOffset at, std::size_t bytes,
                                       MapMode mode) {
  const std::lock_guard lock(mutex_);
  Result<MutableBytes> mapped = base_.map(file, at, bytes, mode);
  if (mapped) mapped_.emplace(mapped->data(), MappedRange{number_of(file), at, bytes});
  return mapped;
}

void EnvRecording::unmap(MutableBytes mapping) noexcept {
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = mapped_.equal_range(mapping.data());
  for (auto range = begin; range != end; ++range) {
    if (range->second.bytes != mapping.size()) continue;
    mapped_.erase(range);
    break;
  }
  base_.unmap(mapping);
}

void EnvRecording::stored(Bytes range) noexcept {
  const std::lock_guard lock(mutex_);
  base_.stored(range);
  // The nearest mapping that begins at or before the range and holds it all. Mappings overlap only
  // where they are of one file and agree about its addresses.
  for (auto after = mapped_.upper_bound(range.data()); after != mapped_.begin();) {
    const auto& [first, mapped] = *--after;
    const auto skipped = static_cast<std::size_t>(range.data() - first);
    if (skipped > mapped.bytes || range.size() > mapped.bytes - skipped) continue;
    note({.kind = Kind::kStore,
          .file = mapped.file,
          .path = first_names_[static_cast<std::size_t>(mapped.file) - 1],
          .at = {mapped.at.bytes + skipped},
          .bytes = {range.begin(), range.end()}});
    return;
  }
  assert(false && "a store outside every mapping");
}

RecordedFile EnvRecording::number_of(const std::string& path) {
  const auto [entry, is_new] = names_.try_emplace(path, RecordedFile::kNone);
  if (is_new) {
    first_names_.push_back(path);
    entry->second = static_cast<RecordedFile>(first_names_.size());
  }
  return entry->second;
}

RecordedFile EnvRecording::named(const std::string& path) const {
  const auto entry = names_.find(path);
  return entry == names_.end() ? RecordedFile::kNone : entry->second;
}

RecordedFile EnvRecording::number_of(FileId file) const {
  const auto entry = open_files_.find(file);
  assert(entry != open_files_.end());
  return entry->second;
}

RecordedCall EnvRecording::call_on(RecordedCall::Kind kind, FileId file) const {
  const RecordedFile number = number_of(file);
  return {.kind = kind, .file = number, .path = first_names_[static_cast<std::size_t>(number) - 1]};
}

// Follows a rename of a file, or of a directory with all it holds.
void EnvRecording::move_names(const std::string& from, const std::string& to) {
  if (from == to) return;
  if (const RecordedFile file = named(from); file != RecordedFile::kNone) {
    names_.erase(from);
    names_[to] = file;
  }
  const std::string prefix = from + '/';
  const auto begin = names_.lower_bound(prefix);
  auto end = begin;
  std::vector<std::pair<std::string, RecordedFile>> moved;
  for (; end != names_.end() && end->first.starts_with(prefix); ++end) {
    moved.emplace_back(to + '/' + end->first.substr(prefix.size()), end->second);
  }
  names_.erase(begin, end);
  names_.insert(moved.begin(), moved.end());
}

Result<void> EnvRecording::journaled(RecordedCall call, Result<void> result) {
  if (!result) call.sys_errno = result.error().sys_errno;
  note(std::move(call));
  return result;
}

// Journaled as the calls that it promises the effect of: every write, of which any part may have
// landed before the first range is sure, then that each range is. Nothing is said of the rest of
// the files.
Result<void> EnvRecording::write_durably(std::span<const DurableWrite> writes) {
  for (const DurableWrite& write : writes) {
    if (write.begun) continue;
    if (Result<void> written = write_whole(*this, write); !written) return written;
  }
  for (const DurableWrite& write : writes) {
    const std::lock_guard lock(mutex_);
    RecordedCall call = call_on(Kind::kSyncData, write.file);
    call.at = write.at;
    call.length = write.bytes.size();
    Result<void> synced = journaled(std::move(call), base_.sync_data(write.file));
    if (!synced) return synced;
  }
  return {};
}

}  // namespace millrace
