#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"
#include "core/memory_file.h"
#include "core/memory_image.h"

namespace millrace {

// A directory of an EnvMemory with everything below it. Paths are relative to it; empty and "."
// components are skipped. Its owner locks.
//
// Functions that can fail return an errno, 0 for success.
class MemoryDirectory {
 public:
  // The file of that name; with `create`, an empty one when there is none.
  int open(std::string_view path, bool create, std::shared_ptr<MemoryFile>* file);
  int make_directory(std::string_view path);  // an existing one is fine
  int remove_directory(std::string_view path);
  // Replaces a file by a file, an empty directory by a directory.
  int rename(std::string_view from, std::string_view to);
  int unlink(std::string_view path);
  int list(std::string_view path, std::vector<DirectoryEntry>* entries) const;
  [[nodiscard]] bool exists(std::string_view path) const;
  // Puts what lies below into the image, with paths that begin with `prefix`.
  void take_image(const FileContents& contents, const std::string& prefix, MemoryImage* into);
  // Where there is nothing yet: what the image says.
  int restore(const MemoryImage& image);

 private:
  // One of the two is set.
  struct Entry {
    std::shared_ptr<MemoryFile> file;
    std::unique_ptr<MemoryDirectory> directory;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  // Where a path leads: the directory that holds, or would hold, its last component. `name` is
  // empty for the directory itself.
  struct Place {
    MemoryDirectory* parent;
    std::string_view name;
  };
  int find(std::string_view path, Place* place);
  int find_directory(std::string_view path, const MemoryDirectory** directory) const;
  [[nodiscard]] bool holds(const MemoryDirectory* directory) const noexcept;

  Entries entries_;
};

}  // namespace millrace
