#include "test/scratch_directory.h"

#include <filesystem>
#include <random>
#include <system_error>

#include "test/test.h"

namespace millrace::test {
namespace fs = std::filesystem;

ScratchDirectory::ScratchDirectory() {
  std::random_device random;
  std::error_code error;
  for (int attempt = 0; attempt < 100; ++attempt) {
    const fs::path candidate =
        fs::temp_directory_path() / ("millrace-test-" + std::to_string(random()));
    if (fs::create_directory(candidate, error)) {
      path_ = candidate.string();
      return;
    }
    if (error) break;
  }
  stop("no scratch directory could be made: " + error.message());
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;  // a test may have removed the folder itself
  fs::remove_all(path_, ignored);
}

std::string ScratchDirectory::path(std::string_view entry) const {
  return (fs::path(path_) / entry).string();
}

}  // namespace millrace::test
