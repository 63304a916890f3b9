#include <filesystem>
#include <fstream>
#include <optional>

#include "core/units.h"
#include "test/test.h"

namespace millrace::test {
namespace {

struct Opaque {
  std::uint16_t a;
  auto operator<=>(const Opaque&) const = default;
};

const Suite harness_tests("harness", [](Suite& s) {
  s.test("compares integers by value whatever their signs", [] {
    expect(!equal(-1, ~0u), "-1 differs from the largest unsigned");
    expect_eq(7u, 7);
    expect(less(-1, 0u));
  });
  s.test("compares ranges of different types by their elements", [] {
    expect_eq(text_bytes("ab"), std::vector{std::byte{'a'}, std::byte{'b'}});
    expect(!equal(text_bytes("ab"), text_bytes("abc")));
    expect_eq(std::string("ab"), "ab");
  });
  s.test("prints values so that a failure can be read", [] {
    expect_eq(describe(text_bytes("AB")), "4142");
    expect_eq(describe(std::optional<int>{}), "nothing");
    expect_eq(describe(std::optional(5)), "5");
    expect_eq(describe(Opaque{0x0102}), "0201");
    expect_eq(describe(std::vector{1, 2}), "[1, 2] (2)");
    expect_eq(describe(Sequence{4}), "4");
    expect_eq(describe(FileOffset{4}), "4 bytes");
    expect_eq(describe(Error{Errc::kIo, 5, "read", 0}), "kIo: read (errno 5)");
  });
  s.test("takes the value out of a result", [] {
    expect_eq(take(Result<int>(3)), 3);
    expect_ok(Result<void>());
    expect_error(Result<int>(Error{Errc::kCorrupt, 0, "", 0}), Errc::kCorrupt);
  });
  s.test("draws the same numbers from the same seed", [] {
    Random one(5);
    Random two(5);
    Random other(6);
    expect_eq(one.bytes(33), two.bytes(33));
    expect_ne(one.next(), other.next());
    for (int i = 0; i < 1000; ++i) expect_le(one.between(3, 5), 5u);
  });
  s.test("removes a scratch directory with all it holds", [] {
    std::string path;
    {
      const ScratchDirectory scratch;
      path = scratch.path();
      std::ofstream(scratch.path("file")) << "content";
      expect(std::filesystem::exists(scratch.path("file")));
    }
    expect(!std::filesystem::exists(path));
  });
});

}  // namespace
}  // namespace millrace::test
