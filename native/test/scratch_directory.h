#pragma once

#include <string>
#include <string_view>

namespace millrace::test {

// A new, empty folder of the system's temporary directory (TMPDIR moves it), removed with all it
// holds when the object goes away.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // The path of an entry of the folder, which need not exist.
  [[nodiscard]] std::string path(std::string_view entry) const;

 private:
  std::string path_;
};

}  // namespace millrace::test
