#include "fuzz/watched_env.h"

#include "core/paths.h"

namespace millrace::fuzz {

std::shared_ptr<WatchedEnv> WatchedEnv::make(bool isolated) {
  return std::shared_ptr<WatchedEnv>(new WatchedEnv(std::make_unique<EnvMemory>(), isolated));
}

Result<FileId> WatchedEnv::open(const std::string& path, OpenMode mode) {
  Result<FileId> opened = base_.open(path, mode);
  if (!opened) return opened;
  if (file_name(path) == "wake" || file_name(path) == "lock") {
    const std::lock_guard lock(mutex_);
    meaningless_.insert(*opened);
  }
  if (mode == OpenMode::kCreate || mode == OpenMode::kCreateEmpty) count_change(*opened);
  return opened;
}

void WatchedEnv::close(FileId file) noexcept {
  {
    const std::lock_guard lock(mutex_);
    meaningless_.erase(file);
  }
  base_.close(file);
}

void WatchedEnv::count_change(FileId file) {
  const std::lock_guard lock(mutex_);
  if (!meaningless_.contains(file)) ++changes_;
}

Result<std::size_t> WatchedEnv::pwrite(FileId file, Bytes from, FileOffset at) {
  count_change(file);
  return base_.pwrite(file, from, at);
}

Result<std::size_t> WatchedEnv::pwritev(FileId file, std::span<const Bytes> from, FileOffset at) {
  count_change(file);
  return base_.pwritev(file, from, at);
}

Result<void> WatchedEnv::resize(FileId file, std::uint64_t bytes) {
  count_change(file);
  return base_.resize(file, bytes);
}

Result<void> WatchedEnv::rename(const std::string& from, const std::string& to) {
  ++changes_;
  return base_.rename(from, to);
}

Result<MutableBytes> WatchedEnv::map(FileId file, FileOffset at, std::size_t bytes, MapMode mode) {
  if (!isolated_ || mode == MapMode::kReadWrite) return base_.map(file, at, bytes, mode);
  auto copy = std::make_unique<std::byte[]>(bytes);
  const MutableBytes view(copy.get(), bytes);
  Result<std::size_t> read = base_.pread(file, view, at);
  if (!read) return read.error();
  const std::lock_guard lock(mutex_);
  copies_[view.data()] = std::move(copy);
  return view;
}

void WatchedEnv::unmap(MutableBytes mapping) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (copies_.erase(mapping.data()) > 0) return;
  }
  base_.unmap(mapping);
}

Result<void> WatchedEnv::random_bytes(MutableBytes into) {
  for (std::byte& byte : into) byte = static_cast<std::byte>(++drawn_);
  return {};
}

}  // namespace millrace::fuzz
