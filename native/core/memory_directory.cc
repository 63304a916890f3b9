#include "core/memory_directory.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace millrace {
namespace {

// Takes the next component off the front of a path; empty at its end.
std::string_view next_component(std::string_view* path) noexcept {
  for (;;) {
    path->remove_prefix(std::min(path->find_first_not_of('/'), path->size()));
    const std::string_view component = path->substr(0, path->find('/'));
    path->remove_prefix(component.size());
    if (component != ".") return component;
  }
}

}  // namespace

int MemoryDirectory::find(std::string_view path, Place* place) {
  *place = {this, next_component(&path)};
  for (;;) {
    const std::string_view next = next_component(&path);
    if (next.empty()) return 0;
    const auto entry = place->parent->entries_.find(place->name);
    if (entry == place->parent->entries_.end()) return ENOENT;
    if (entry->second.directory == nullptr) return ENOTDIR;
    *place = {entry->second.directory.get(), next};
  }
}

int MemoryDirectory::find_directory(std::string_view path,
                                    const MemoryDirectory** directory) const {
  *directory = this;
  for (;;) {
    const std::string_view name = next_component(&path);
    if (name.empty()) return 0;
    const auto entry = (*directory)->entries_.find(name);
    if (entry == (*directory)->entries_.end()) return ENOENT;
    if (entry->second.directory == nullptr) return ENOTDIR;
    *directory = entry->second.directory.get();
  }
}

int MemoryDirectory::open(std::string_view path, bool create, std::shared_ptr<MemoryFile>* file) {
  Place place;
  if (const int failed = find(path, &place); failed != 0) return failed;
  if (place.name.empty()) return EISDIR;
  const auto existing = place.parent->entries_.find(place.name);
  if (existing != place.parent->entries_.end()) {
    if (existing->second.file == nullptr) return EISDIR;
    *file = existing->second.file;
    return 0;
  }
  if (!create) return ENOENT;
  *file = std::make_shared<MemoryFile>();
  place.parent->entries_.emplace(place.name, Entry{*file, nullptr});
  return 0;
}

int MemoryDirectory::make_directory(std::string_view path) {
  Place place;
  if (const int failed = find(path, &place); failed != 0) return failed;
  if (place.name.empty()) return 0;
  const auto existing = place.parent->entries_.find(place.name);
  if (existing != place.parent->entries_.end()) {
    return existing->second.directory != nullptr ? 0 : ENOTDIR;
  }
  place.parent->entries_.emplace(place.name, Entry{nullptr, std::make_unique<MemoryDirectory>()});
  return 0;
}

int MemoryDirectory::remove_directory(std::string_view path) {
  Place place;
  if (const int failed = find(path, &place); failed != 0) return failed;
  if (place.name.empty()) return EBUSY;
  const auto existing = place.parent->entries_.find(place.name);
  if (existing == place.parent->entries_.end()) return ENOENT;
  if (existing->second.directory == nullptr) return ENOTDIR;
  if (!existing->second.directory->entries_.empty()) return ENOTEMPTY;
  place.parent->entries_.erase(existing);
  return 0;
}

int MemoryDirectory::rename(std::string_view from, std::string_view to) {
  Place source;
  Place target;
  if (const int failed = find(from, &source); failed != 0) return failed;
  if (const int failed = find(to, &target); failed != 0) return failed;
  if (source.name.empty() || target.name.empty()) return EBUSY;
  const auto moved = source.parent->entries_.find(source.name);
  if (moved == source.parent->entries_.end()) return ENOENT;
  const MemoryDirectory* directory = moved->second.directory.get();
  if (directory != nullptr && directory->holds(target.parent)) return EINVAL;
  const auto replaced = target.parent->entries_.find(target.name);
  if (replaced != target.parent->entries_.end()) {
    if (replaced == moved) return 0;
    if (directory == nullptr && replaced->second.directory != nullptr) return EISDIR;
    if (directory != nullptr && replaced->second.directory == nullptr) return ENOTDIR;
    if (directory != nullptr && !replaced->second.directory->entries_.empty()) return ENOTEMPTY;
    replaced->second = std::move(moved->second);
  } else {
    target.parent->entries_.emplace(target.name, std::move(moved->second));
  }
  source.parent->entries_.erase(moved);  // iterators of a map survive insertions
  return 0;
}

int MemoryDirectory::unlink(std::string_view path) {
  Place place;
  if (const int failed = find(path, &place); failed != 0) return failed;
  if (place.name.empty()) return EISDIR;
  const auto existing = place.parent->entries_.find(place.name);
  if (existing == place.parent->entries_.end()) return ENOENT;
  if (existing->second.file == nullptr) return EISDIR;
  place.parent->entries_.erase(existing);
  return 0;
}

int MemoryDirectory::list(std::string_view path, std::vector<DirectoryEntry>* entries) const {
  const MemoryDirectory* directory = nullptr;
  if (const int failed = find_directory(path, &directory); failed != 0) return failed;
  entries->reserve(directory->entries_.size());
  for (const auto& [name, entry] : directory->entries_) {
    entries->push_back({name, entry.directory != nullptr});
  }
  return 0;
}

void MemoryDirectory::take_image(const FileContents& contents, const std::string& prefix,
                                 MemoryImage* into) {
  for (const auto& [name, entry] : entries_) {
    const std::string path = prefix + name;
    if (entry.directory != nullptr) {
      into->directories.push_back(path);
      entry.directory->take_image(contents, path + "/", into);
      continue;
    }
    const auto known = contents.find(path);
    const FileStretch all{FileOffset{0}, FileOffset{entry.file->bytes()}};
    entry.file->take_image(known != contents.end() ? std::span<const FileStretch>(known->second)
                                                   : std::span<const FileStretch>(&all, 1),
                           &into->files[path]);
  }
}

int MemoryDirectory::restore(const MemoryImage& image) {
  for (const std::string& path : image.directories) {
    if (const int failed = make_directory(path); failed != 0) return failed;
  }
  for (const auto& [path, held] : image.files) {
    Place place;
    if (const int failed = find(path, &place); failed != 0) return failed;
    const std::shared_ptr<MemoryFile> file = MemoryFile::of(held);
    if (file == nullptr) return ENOMEM;
    place.parent->entries_.insert_or_assign(std::string(place.name), Entry{file, nullptr});
  }
  return 0;
}

bool MemoryDirectory::exists(std::string_view path) const {
  const MemoryDirectory* directory = this;
  for (std::string_view name = next_component(&path); !name.empty();) {
    if (directory == nullptr) return false;  // the component before was a file
    const auto entry = directory->entries_.find(name);
    if (entry == directory->entries_.end()) return false;
    directory = entry->second.directory.get();
    name = next_component(&path);
  }
  return true;
}

// Whether `directory` is this one or lies anywhere below it.
bool MemoryDirectory::holds(const MemoryDirectory* directory) const noexcept {
  if (directory == this) return true;
  return std::ranges::any_of(entries_, [&](const auto& entry) {
    return entry.second.directory != nullptr && entry.second.directory->holds(directory);
  });
}

}  // namespace millrace
