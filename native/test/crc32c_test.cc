#include "core/crc32c.h"

#include <array>
#include <vector>

#include "core/crc32c_kernels.h"
#include "test/guarded_bytes.h"
#include "test/test.h"

namespace millrace::test {
namespace {

// The definition: one bit a step, the reflected Castagnoli polynomial.
std::uint32_t crc32c_by_definition(std::uint32_t crc, Bytes bytes) {
  std::uint32_t state = ~crc;
  for (const std::byte byte : bytes) {
    state ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) != 0 ? 0x82f63b78 : 0);
  }
  return ~state;
}

std::vector<std::byte> counting(int first, int step, std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>(first + step * static_cast<int>(i));
  }
  return bytes;
}

const Suite crc32c_tests("crc32c", [](Suite& s) {
  s.test("answers the published vectors", [] {
    expect_eq(crc32c({}), 0u);
    expect_eq(crc32c(text_bytes("123456789")), 0xe3069283);
    expect_eq(crc32c(counting(0, 0, 32)), 0x8a9136aa);
    expect_eq(crc32c(counting(255, 0, 32)), 0x62a8ab43);
    expect_eq(crc32c(counting(0, 1, 32)), 0x46dd794e);
    expect_eq(crc32c(counting(31, -1, 32)), 0x113fdb5c);
    constexpr std::array<std::uint8_t, 48> kReadCommand{
        0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0,    0, 0, 0,    0, 0, 0, 0,
        0x14, 0,    0, 0, 0, 0, 0x04, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
        0x28, 0,    0, 0, 0, 0, 0,    0, 0x02, 0, 0, 0,    0, 0, 0, 0};
    expect_eq(crc32c(std::as_bytes(std::span(kReadCommand))), 0xd9963a56);
  });

  s.test("agrees with the definition at every length and alignment, in every kernel", [] {
    constexpr std::size_t kLengthMax = 4096;
    Random random;
    const std::vector<std::byte> bytes = random.bytes(kLengthMax + 64);
    for (std::size_t length = 0; length <= kLengthMax; ++length) {
      const Case at_length("length", length);
      const Bytes input = Bytes(bytes).subspan(length % 64, length);
      const auto start = static_cast<std::uint32_t>(random.next());
      const std::uint32_t expected = crc32c_by_definition(start, input);
      for (const NamedCrc32cKernel& kernel : crc32c_kernels()) {
        if (!expect(kernel.extend(start, input) == expected, kernel.name)) return;
      }
      if (!expect_eq(crc32c_extend(start, input), expected)) return;
    }
  });

  s.test("reads nothing outside of its input", [] {
    Random random;
    const GuardedBytes page;
    random.fill(page.bytes());
    for (std::size_t length = 0; length <= 1100; ++length) {
      const Case at_length("length", length);
      for (const Bytes input : {page.first(length), page.last(length)}) {
        const std::uint32_t expected = crc32c_by_definition(0, input);
        for (const NamedCrc32cKernel& kernel : crc32c_kernels()) {
          expect(kernel.extend(0, input) == expected, kernel.name);
        }
      }
    }
  });

  s.test("extends over every split of a message", [] {
    Random random;
    const std::vector<std::byte> bytes = random.bytes(1500);
    const std::uint32_t whole = crc32c_by_definition(0, bytes);
    for (const NamedCrc32cKernel& kernel : crc32c_kernels()) {
      for (std::size_t split = 0; split <= bytes.size(); ++split) {
        const Case at_split("split", split);
        const std::uint32_t first = kernel.extend(0, Bytes(bytes).first(split));
        if (!expect(kernel.extend(first, Bytes(bytes).subspan(split)) == whole, kernel.name))
          return;
      }
    }
  });

  s.test("agrees between the kernels on long messages", [] {
    Random random;
    const std::vector<std::byte> bytes = random.bytes(300'000);
    for (int round = 0; round < 100; ++round) {
      const std::size_t from = random.below(64);
      const Bytes input = Bytes(bytes).subspan(from, random.below(bytes.size() - from));
      const std::uint32_t expected = crc32c_portable(7, input);
      for (const NamedCrc32cKernel& kernel : crc32c_kernels()) {
        expect(kernel.extend(7, input) == expected, kernel.name);
      }
    }
  });

  s.test("notices every flipped bit", [] {
    Random random;
    std::vector<std::byte> bytes = random.bytes(600);
    const std::uint32_t whole = crc32c(bytes);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      const Case at_bit("bit", bit);
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
      expect_ne(crc32c(bytes), whole);
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
  });
});

}  // namespace
}  // namespace millrace::test
