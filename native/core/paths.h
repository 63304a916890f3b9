#pragma once

#include <string>
#include <string_view>

namespace millrace {

// The path of an entry of a directory: "a" and "b" make "a/b". Every Env takes '/' as separator.
[[nodiscard]] inline std::string join_path(std::string_view directory, std::string_view name) {
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  path.append(directory);
  if (!path.empty() && path.back() != '/') path.push_back('/');
  return path.append(name);
}

// The directory an entry lives in: "a" for "a/b", "." for "b", "/" for "/b".
[[nodiscard]] inline std::string_view parent_path(std::string_view path) noexcept {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string_view::npos) return ".";
  return path.substr(0, slash == 0 ? 1 : slash);
}

// The last component: "b" for "a/b".
[[nodiscard]] inline std::string_view file_name(std::string_view path) noexcept {
  return path.substr(path.find_last_of('/') + 1);  // npos + 1 is 0
}

}  // namespace millrace
