#include <cstdio>
#include <string_view>

#include "test/registry.h"

namespace {

constexpr const char* kUsage =
    "usage: millrace_core_tests [--list] [--verbose] [--except=part of a name] [part of a name]\n"
    "Runs the tests whose \"suite: claim\" contains the given text, or all of them, but for those\n"
    "that contain the excepted text.\n";
constexpr std::string_view kExcept = "--except=";

}  // namespace

int main(int count, char** arguments) {
  std::string_view filter;
  std::string_view excepted;
  bool list = false;
  bool verbose = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--list") {
      list = true;
    } else if (argument == "--verbose") {
      verbose = true;
    } else if (argument.starts_with(kExcept) && argument.size() > kExcept.size()) {
      excepted = argument.substr(kExcept.size());
    } else if (argument.starts_with("-") || !filter.empty()) {
      std::fputs(kUsage, stderr);
      return 2;
    } else {
      filter = argument;
    }
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 1 << 12);  // a crash must not swallow what led to it
  millrace::test::Registry& registry = millrace::test::Registry::instance();
  registry.collect(filter, excepted);
  if (list) {
    registry.list();
    return 0;
  }
  if (registry.test_count() == 0) {
    std::fprintf(stderr, "no test's name contains the given text; --list shows them\n");
    return 1;
  }
  return registry.run_all(verbose) == 0 ? 0 : 1;
}
