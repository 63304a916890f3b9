// Every input that the fuzzers keep, run by the ordinary build: what was found once stays fixed,
// and a change that breaks a promise is often seen without a fuzzer.
#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <source_location>
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "test/test.h"

namespace millrace::test {
namespace {

using Path = std::filesystem::path;

// The files of native/fuzz/<folder>/<target>, by name; none where there is no such folder.
std::vector<Path> kept_inputs(const char* folder, const std::string& target) {
  const Path here = Path(std::source_location::current().file_name()).parent_path();
  const Path inputs = here / ".." / "fuzz" / folder / target;
  std::vector<Path> files;
  if (!std::filesystem::exists(inputs)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(inputs)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string contents(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void replay(const fuzz::Target& target) {
  std::size_t inputs = 0;
  for (const char* folder : {"corpus", "regressions"}) {
    for (const Path& path : kept_inputs(folder, target.name())) {
      ++inputs;
      const std::string input = contents(path);
      try {
        target.run(text_bytes(input));
      } catch (const std::exception& broken) {
        fail(path.filename().string() + ": " + broken.what());
      }
    }
  }
  expect_ge(inputs, 1u);
}

const Suite fuzz_inputs_tests("fuzz inputs", [](Suite& s) {
  for (const fuzz::Target* target : fuzz::Target::all()) {
    s.test(std::string(target->name()) + ": keeps its promises for every kept input",
           [target] { replay(*target); });
  }
});

}  // namespace
}  // namespace millrace::test
