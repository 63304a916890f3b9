#include "core/file.h"

#include <cerrno>
#include <utility>

#include "core/uninterrupted.h"

namespace millrace {
namespace {

FileOffset advanced(FileOffset at, std::size_t bytes) noexcept { return {at.bytes + bytes}; }

}  // namespace

File::File(Env& env, FileId id, std::string path) noexcept
    : env_(&env), id_(id), path_(std::move(path)) {}

File::File(File&& other) noexcept
    : env_(other.env_),
      id_(std::exchange(other.id_, FileId::kNone)),
      path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  if (this == &other) return *this;
  if (id_ != FileId::kNone) env_->close(id_);
  env_ = other.env_;
  id_ = std::exchange(other.id_, FileId::kNone);
  path_ = std::move(other.path_);
  return *this;
}

File::~File() {
  if (id_ != FileId::kNone) env_->close(id_);
}

Result<File> File::open(Env& env, std::string path, OpenMode mode) {
  Result<FileId> id = uninterrupted([&] { return env.open(path, mode); });
  if (!id) return std::move(id.error());
  return File(env, *id, std::move(path));
}

Result<File> File::create_anew(Env& env, const std::string& path) {
  Result<void> gone = env.unlink(path);
  if (!gone && gone.error().code != Errc::kNotFound) return gone.error();
  return open(env, path, OpenMode::kCreateEmpty);
}

Result<void> File::read_exactly(MutableBytes into, FileOffset at) const {
  Result<std::size_t> count = read_up_to(into, at);
  if (!count) return std::move(count.error());
  if (*count == into.size()) return {};
  return Error{Errc::kCorrupt, 0,
               path_ + ": ends at byte " + std::to_string(at.bytes + *count) + ", expected " +
                   std::to_string(into.size()) + " bytes from byte " + std::to_string(at.bytes),
               at.bytes + *count};
}

Result<std::size_t> File::read_up_to(MutableBytes into, FileOffset at) const {
  std::size_t done = 0;
  while (done < into.size()) {
    Result<std::size_t> count =
        uninterrupted([&] { return env_->pread(id_, into.subspan(done), advanced(at, done)); });
    if (!count) return count;
    if (*count == 0) break;
    done += *count;
  }
  return done;
}

Result<void> File::write_all(Bytes from, FileOffset at) {
  while (!from.empty()) {
    Result<std::size_t> count = uninterrupted([&] { return env_->pwrite(id_, from, at); });
    if (!count) return std::move(count.error());
    if (*count == 0) return Error{Errc::kIo, EIO, path_ + ": a write made no progress", at.bytes};
    from = from.subspan(*count);
    at = advanced(at, *count);
  }
  return {};
}

Result<void> File::writev_all(std::span<const Bytes> from, FileOffset at) {
  while (!from.empty()) {
    Result<std::size_t> count = uninterrupted([&] { return env_->pwritev(id_, from, at); });
    if (!count) return std::move(count.error());
    at = advanced(at, *count);
    std::size_t left = *count;
    while (!from.empty() && from.front().size() <= left) {
      left -= from.front().size();
      from = from.subspan(1);
    }
    if (from.empty()) break;
    // The call stopped inside this piece: finish it alone, then go on with those behind it.
    const Bytes rest = from.front().subspan(left);
    if (Result<void> written = write_all(rest, at); !written) return written;
    at = advanced(at, rest.size());
    from = from.subspan(1);
  }
  return {};
}

Result<void> File::sync_data() {
  return uninterrupted([&] { return env_->sync_data(id_); });
}

Result<void> File::reserve(FileOffset at, std::uint64_t bytes) {
  return uninterrupted([&] { return env_->reserve(id_, at, bytes); });
}

Result<void> File::resize(std::uint64_t bytes) {
  return uninterrupted([&] { return env_->resize(id_, bytes); });
}

Result<void> File::punch(FileOffset at, std::uint64_t bytes) {
  return uninterrupted([&] { return env_->punch(id_, at, bytes); });
}

Result<void> File::lock_exclusive() {
  return uninterrupted([&] { return env_->lock_exclusive(id_); });
}

Result<std::uint64_t> File::bytes() const {
  return uninterrupted([&] { return env_->file_bytes(id_); });
}

}  // namespace millrace
