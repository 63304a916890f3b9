#include <charconv>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "test/registry.h"

namespace {

constexpr const char* kUsage =
    "usage: millrace_core_tests [--list] [--verbose] [--except=part of a name]... [--part=k/n]\n"
    "                           [part of a name]\n"
    "Runs the tests whose \"suite: claim\" contains the given text, or all of them, but for those\n"
    "that contain an excepted text; with --part every n-th of them from the k-th on.\n";
constexpr std::string_view kExcept = "--except=";
constexpr std::string_view kPart = "--part=";

struct Part {
  std::size_t number = 1;
  std::size_t of = 1;
};

// "2/3"; nothing if it is not written so, or if there is no such part.
std::optional<Part> parse_part(std::string_view text) {
  Part part;
  const char* end = text.data() + text.size();
  const auto [slash, number_error] = std::from_chars(text.data(), end, part.number);
  if (number_error != std::errc{} || slash == end || *slash != '/') return std::nullopt;
  const auto [last, of_error] = std::from_chars(slash + 1, end, part.of);
  if (of_error != std::errc{} || last != end) return std::nullopt;
  if (part.number < 1 || part.number > part.of) return std::nullopt;
  return part;
}

}  // namespace

int main(int count, char** arguments) {
  std::string_view filter;
  std::vector<std::string_view> excepted;
  std::optional<Part> part = Part{};
  bool list = false;
  bool verbose = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--list") {
      list = true;
    } else if (argument == "--verbose") {
      verbose = true;
    } else if (argument.starts_with(kExcept) && argument.size() > kExcept.size()) {
      excepted.push_back(argument.substr(kExcept.size()));
    } else if (argument.starts_with(kPart)) {
      part = parse_part(argument.substr(kPart.size()));
      if (!part) break;
    } else if (argument.starts_with("-") || !filter.empty()) {
      std::fputs(kUsage, stderr);
      return 2;
    } else {
      filter = argument;
    }
  }
  if (!part) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 1 << 12);  // a crash must not swallow what led to it
  millrace::test::Registry& registry = millrace::test::Registry::instance();
  registry.collect(filter, excepted);
  registry.keep_part(part->number, part->of);
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
