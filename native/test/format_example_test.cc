// The record that docs/on-disk-format.md shows byte for byte is what the engine writes.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/env_forwarding.h"
#include "core/env_memory.h"
#include "core/file.h"
#include "core/paths.h"
#include "core/segment_header.h"
#include "test/format_page.h"
#include "test/log_fixture.h"
#include "test/test.h"

namespace millrace::test {
namespace {

// Draws 1, 2, 3 … instead of random bytes, so that the salt of a segment is known.
class EnvUnsurprising final : public EnvForwarding {
 public:
  using EnvForwarding::EnvForwarding;
  Result<void> random_bytes(MutableBytes into) override {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] = static_cast<std::byte>(i + 1);
    return {};
  }
};

constexpr std::size_t kLineBytes = 16;

// "00000010  01 02 … 10  11 … 20  |................|"
std::string dump_line(std::uint64_t at, Bytes bytes) {
  std::array<char, 24> number{};
  std::snprintf(number.data(), number.size(), "%08llx", static_cast<unsigned long long>(at));
  std::string line(number.data());
  std::string characters;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    line.append(i % 8 == 0 ? "  " : " ").append(hex(bytes.subspan(i, 1)));
    const char character = static_cast<char>(bytes[i]);
    characters.push_back(character >= ' ' && character <= '~' ? character : '.');
  }
  return line.append("  |").append(characters).append("|\n");
}

std::string dump(const File& file, std::uint64_t from, std::uint64_t to) {
  std::string text;
  for (std::uint64_t at = from; at < to; at += kLineBytes) {
    std::array<std::byte, kLineBytes> bytes{};
    take(file.read_exactly(bytes, {at}));
    text += dump_line(at, bytes);
  }
  return text;
}

const Suite example_tests("format example", [](Suite& s) {
  s.test("is the first segment of a log with one record", [] {
    constexpr std::int64_t kNewYear2026Ms = 1'767'225'600'000;
    constexpr std::uint64_t kHeaderBytesShown = 112;
    constexpr std::uint64_t kFrameBytesShown = 64;
    EnvMemory memory;
    const auto env = std::make_shared<EnvUnsurprising>(memory);
    LogFixture log(env, "/log");
    take(log.open());
    log.append("user-42", R"({"page":"/"})", kNewYear2026Ms);
    log.crash();

    const File file =
        take(File::open(*env, join_path("/log", segment_name(kFirstSequence)), OpenMode::kRead));
    const std::uint64_t data = data_offset_for(kSegmentDataMin);
    expect_eq(FormatPage::load().block("hexdump"),
              dump(file, 0, kHeaderBytesShown) + "*\n" + dump(file, data, data + kFrameBytesShown));
  });
});

}  // namespace
}  // namespace millrace::test
