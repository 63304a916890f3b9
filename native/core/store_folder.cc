#include "core/store_folder.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/file.h"
#include "core/paths.h"
#include "core/segment_header.h"
#include "core/sync_directory.h"

namespace millrace {

namespace {

constexpr const char* kFormatName = "format";
constexpr const char* kFormatTemporary = "format.tmp";
constexpr std::string_view kFirstLine = "millrace store\nversion ";
constexpr std::size_t kFormatBytesMax = 256;
constexpr const char* kNoFolder = "is no folder, or lies in none";

// What a crash while a store was made may leave, what file systems put into an empty root, and what
// keeps an empty folder in a repository of git.
// Metadata and logs come later: without `format` they are what is left of a store.
Result<bool> is_unborn(Env& env, const std::string& root,
                       const std::vector<DirectoryEntry>& entries) {
  for (const auto& [name, is_directory] : entries) {
    if (name == "lock" || name == kFormatTemporary || name == "lost+found") continue;
    if (name == ".gitkeep" || name == ".gitignore") continue;
    if (name != "shards" || !is_directory) return false;
    Result<std::vector<DirectoryEntry>> logs = env.list(join_path(root, name));
    if (!logs) return logs.error();
    if (!logs->empty()) return false;
  }
  return true;
}

Error not_a_store(const std::string& root, const std::string& why) {
  return Error{.code = Errc::kNotAStore, .message = root + ": " + why};
}

Result<std::string> read_text(Env& env, const std::string& path) {
  Result<File> file = File::open(env, path, OpenMode::kRead);
  if (!file) return file.error();
  std::string text(kFormatBytesMax, '\0');
  Result<std::size_t> size =
      file->read_up_to(std::as_writable_bytes(std::span(text)), FileOffset{0});
  if (!size) return size.error();
  text.resize(*size);
  return text;
}

// "millrace store\nversion 1\nuuid <32 hex>\n"
Result<std::array<std::byte, 16>> parse_format(const std::string& text, const std::string& root) {
  if (!text.starts_with(kFirstLine)) return not_a_store(root, "its file `format` is not ours");
  std::uint32_t version = 0;
  const char* from = text.data() + kFirstLine.size();
  const char* last = text.data() + text.size();
  const auto [end, fault] = std::from_chars(from, last, version);
  if (fault != std::errc{}) return not_a_store(root, "its file `format` names no version");
  if (version > kFormatVersion) {
    return Error{.code = Errc::kNewerFormat,
                 .message = root + ": format version " + std::to_string(version) +
                            ", this build reads up to " + std::to_string(kFormatVersion)};
  }
  const std::string_view rest(end, static_cast<std::size_t>(last - end));
  constexpr std::string_view kUuid = "\nuuid ";
  if (version == 0 || !rest.starts_with(kUuid) || !rest.ends_with('\n')) {
    return Error{.code = Errc::kCorrupt, .message = root + ": its file `format` is damaged"};
  }
  const auto uuid = from_hex(rest.substr(kUuid.size(), rest.size() - kUuid.size() - 1));
  if (!uuid)
    return Error{.code = Errc::kCorrupt, .message = root + ": its file `format` is damaged"};
  return *uuid;
}

Result<std::array<std::byte, 16>> create(Env& env, const std::string& root, bool sync) {
  Result<bool> mapped = env.supports_mapped_writes(root);
  if (!mapped) return mapped.error();
  if (!*mapped) {
    return Error{.code = Errc::kUnsupported,
                 .message = root + ": this file system cannot be written through mappings safely"};
  }
  // The metadata log's folder is made by its first record.
  if (Result<void> made = env.make_directory(join_path(root, "shards")); !made) {
    return made.error();
  }
  // Before the store has its name: one that has it has this folder, and is found, whatever a crash
  // takes.
  if (sync) {
    if (Result<void> synced = sync_directory(env, root); !synced) return synced.error();
    const Result<void> named = sync_directory(env, std::string(parent_path(root)));
    // A folder above that may not be read is nobody's business here.
    if (!named && named.error().code != Errc::kPermission) return named.error();
  }
  std::array<std::byte, 16> uuid;
  if (Result<void> random = env.random_bytes(uuid); !random) return random.error();
  const std::string text = format_text(uuid);
  const std::string temporary = join_path(root, kFormatTemporary);
  {
    Result<File> file = File::create_anew(env, temporary);
    if (!file) return file.error();
    Result<void> done = file->write_all(std::as_bytes(std::span(text)), FileOffset{0});
    if (done && sync) done = file->sync_data();
    if (!done) return done.error();
  }
  if (Result<void> named = env.rename(temporary, join_path(root, kFormatName)); !named) {
    return named.error();
  }
  if (sync) {
    if (Result<void> synced = sync_directory(env, root); !synced) return synced.error();
  }
  return uuid;
}

}  // namespace

std::string to_hex(const std::array<std::byte, 16>& bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text.push_back(kDigits[std::to_integer<unsigned>(byte) >> 4]);
    text.push_back(kDigits[std::to_integer<unsigned>(byte) & 15]);
  }
  return text;
}

std::optional<std::array<std::byte, 16>> from_hex(std::string_view text) noexcept {
  std::array<std::byte, 16> bytes{};
  if (text.size() != bytes.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    unsigned value = 0;
    const char* from = text.data() + i * 2;
    const auto [end, fault] = std::from_chars(from, from + 2, value, 16);
    if (fault != std::errc{} || end != from + 2) return std::nullopt;
    bytes[i] = static_cast<std::byte>(value);
  }
  return bytes;
}

std::string format_text(const std::array<std::byte, 16>& uuid) {
  return std::string(kFirstLine) + std::to_string(kFormatVersion) + "\nuuid " + to_hex(uuid) + "\n";
}

std::string StoreFolder::shards() const { return join_path(root_, "shards"); }
std::string StoreFolder::meta() const { return join_path(root_, "meta"); }

Result<std::array<std::byte, 16>> read_store_format(Env& env, const std::string& root) {
  Result<std::string> text = read_text(env, join_path(root, kFormatName));
  if (!text && text.error().code == Errc::kNotFound) {
    const Result<bool> there = env.exists(root);
    return not_a_store(root, there && !*there ? "does not exist" : "has no file `format`");
  }
  if (!text && text.error().sys_errno == ENOTDIR) return not_a_store(root, kNoFolder);
  if (!text) return text.error();
  return parse_format(*text, root);
}

Result<StoreFolder> StoreFolder::open(Env& env, const std::string& root, bool sync) {
  if (Result<void> made = env.make_directory(root); !made) {
    if (made.error().sys_errno == ENOTDIR) return not_a_store(root, kNoFolder);
    if (made.error().sys_errno != ENOENT) return made.error();
    return not_a_store(root, "lies in a folder that does not exist, which open does not make");
  }
  Result<std::vector<DirectoryEntry>> entries = env.list(root);
  if (!entries) return entries.error();
  const auto named = [](const char* name) {
    return [name](const DirectoryEntry& entry) { return entry.name == name; };
  };
  const bool formatted = std::any_of(entries->begin(), entries->end(), named(kFormatName));
  // Looked at before the lock file is created: a folder of something else stays as it is.
  if (!formatted) {
    Result<bool> unborn = is_unborn(env, root, *entries);
    if (!unborn) return unborn.error();
    if (!*unborn) return not_a_store(root, "holds other files and no file `format`");
  } else {
    if (Result<std::array<std::byte, 16>> ours = read_store_format(env, root); !ours) {
      return ours.error();
    }
  }
  Result<DirectoryLock> lock = DirectoryLock::acquire(env, root);
  if (!lock) return lock.error();
  // Again under the lock: another process may have made the store meanwhile.
  Result<bool> there = env.exists(join_path(root, kFormatName));
  if (!there) return there.error();
  Result<std::array<std::byte, 16>> uuid =
      *there ? read_store_format(env, root) : create(env, root, sync);
  if (!uuid) return uuid.error();
  return StoreFolder(root, std::move(*lock), *uuid);
}

}  // namespace millrace
