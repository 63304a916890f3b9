#include "core/hash_range.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <vector>

#include "test/test.h"

namespace millrace::test {
namespace {

constexpr std::uint64_t kOnes = std::numeric_limits<std::uint64_t>::max();
constexpr HashKey kLargest{kOnes, kOnes};

// value * 10 + digit, over 32-bit limbs.
HashKey times_ten_plus(HashKey value, std::uint64_t digit) {
  std::array<std::uint64_t, 4> limbs{value.low & 0xffffffff, value.low >> 32,
                                     value.high & 0xffffffff, value.high >> 32};
  std::uint64_t carry = digit;
  for (std::uint64_t& limb : limbs) {
    carry += limb * 10;
    limb = carry & 0xffffffff;
    carry >>= 32;
  }
  return {limbs[3] << 32 | limbs[2], limbs[1] << 32 | limbs[0]};
}

HashKey from_decimal(std::string_view text) {
  HashKey value;
  for (const char digit : text) {
    value = times_ten_plus(value, static_cast<std::uint64_t>(digit - '0'));
  }
  return value;
}

HashKey before(HashKey key) { return {key.high - (key.low == 0 ? 1 : 0), key.low - 1}; }

HashRanges ranges_from(std::initializer_list<std::string_view> starts) {
  std::vector<HashKey> keys;
  for (const std::string_view start : starts) keys.push_back(from_decimal(start));
  return HashRanges(std::move(keys));
}

HashRanges four_shards() {
  return ranges_from({"0", "85070591730234615865843651857942052864",
                      "170141183460469231731687303715884105728",
                      "255211775190703847597530955573826158592"});
}

HashKey key_of(std::string_view text) { return HashKey::from_digest(md5(text_bytes(text))); }

// Few distinct high halves, so that the low half decides often.
HashKey random_key(Random& random) {
  return {random.once_in(2) ? random.below(4) : random.next(), random.next()};
}

HashRanges random_ranges(Random& random, std::size_t count, std::vector<HashKey>& starts) {
  starts = {HashKey{}};
  while (starts.size() < count) {
    const HashKey start = random_key(random);
    if (std::ranges::find(starts, start) == starts.end()) starts.push_back(start);
  }
  std::ranges::sort(starts);
  return HashRanges(starts);
}

std::size_t owner_by_definition(const std::vector<HashKey>& starts, HashKey key) {
  std::size_t owner = 0;
  while (owner + 1 < starts.size() && starts[owner + 1] <= key) ++owner;
  return owner;
}

// Rows of words, as a batch has them: bytes, and for each record its key's place, its key's length
// and the place of its hash key.
struct Rows {
  static constexpr std::size_t kStride = 5;
  std::vector<std::byte> bytes{std::byte{0xee}};
  std::vector<std::uint32_t> words;

  void add(Bytes key, const HashKey* explicit_key) {
    const auto key_at = put(key);
    const std::uint32_t hash_key_at = explicit_key == nullptr ? kNoHashKey : put(*explicit_key);
    words.insert(words.end(),
                 {77, key_at, static_cast<std::uint32_t>(key.size()), hash_key_at, 77});
  }
  [[nodiscard]] std::size_t count() const { return words.size() / kStride; }
  [[nodiscard]] RoutedKeys keys() const {
    if (words.empty()) return {bytes.data(), nullptr, nullptr, nullptr, kStride, 0};
    const std::uint32_t* first = words.data();
    return {bytes.data(), first + 1, first + 2, first + 3, kStride, count()};
  }

 private:
  std::uint32_t put(Bytes key) {
    bytes.insert(bytes.end(), key.begin(), key.end());
    return static_cast<std::uint32_t>(bytes.size() - key.size());
  }
  std::uint32_t put(HashKey key) {
    for (const std::uint64_t half : {key.high, key.low}) {
      for (int shift = 56; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<std::byte>(half >> shift));
      }
    }
    return static_cast<std::uint32_t>(bytes.size() - 16);
  }
};

const Suite hash_key_tests("hash key", [](Suite& s) {
  s.test("is the digest of the partition key, its first byte the most significant", [] {
    expect_eq(key_of("a"), from_decimal("16955237001963240173058271559858726497"));
    expect_eq(key_of("partitionKey1"), from_decimal("259883753084267508317526128829441085549"));
    expect_eq(key_of("user-123"), from_decimal("250018372642977770877286195909578633128"));
    expect_eq(key_of("héllo"), from_decimal("252973414135665226741597071662034525008"));
  });

  s.test("orders as a 128-bit number", [] {
    expect(HashKey{0, kOnes} < HashKey{1, 0});
    expect(HashKey{1, 0} < HashKey{1, 1});
    expect_eq(from_decimal("340282366920938463463374607431768211455"), kLargest);
  });
});

const Suite hash_ranges_tests("hash ranges", [](Suite& s) {
  s.test("put the known keys on their shards of four", [] {
    const HashRanges ranges = four_shards();
    expect_eq(ranges.find(key_of("a")), 0u);
    expect_eq(ranges.find(key_of("user-123")), 2u);
    expect_eq(ranges.find(key_of("héllo")), 2u);
    expect_eq(ranges.find(key_of("partitionKey1")), 3u);
  });

  s.test("include both ends of a range", [] {
    const HashRanges halves = ranges_from({"0", "170141183460469231731687303715884105728"});
    expect_eq(halves.find(HashKey{}), 0u);
    expect_eq(halves.find(from_decimal("170141183460469231731687303715884105727")), 0u);
    expect_eq(halves.find(from_decimal("170141183460469231731687303715884105728")), 1u);
    expect_eq(halves.find(kLargest), 1u);
    const HashRanges thirds = ranges_from({"0", "113427455640312821154458202477256070485",
                                           "226854911280625642308916404954512140970"});
    expect_eq(thirds.find(from_decimal("113427455640312821154458202477256070484")), 0u);
    expect_eq(thirds.find(from_decimal("113427455640312821154458202477256070485")), 1u);
    expect_eq(thirds.find(from_decimal("226854911280625642308916404954512140969")), 1u);
    expect_eq(thirds.find(from_decimal("226854911280625642308916404954512140970")), 2u);
  });

  s.test("give everything to an only shard", [] {
    const HashRanges ranges({HashKey{}});
    expect_eq(ranges.find(HashKey{}), 0u);
    expect_eq(ranges.find(kLargest), 0u);
  });

  s.test("find the owner that the definition names, for any number of shards", [] {
    Random random;
    for (std::size_t count = 1; count <= 70; ++count) {
      const Case of_count("shards", count);
      std::vector<HashKey> starts;
      const HashRanges ranges = random_ranges(random, count, starts);
      for (std::size_t i = 0; i < count; ++i) {
        expect_eq(ranges.find(starts[i]), i);
        if (i > 0) expect_eq(ranges.find(before(starts[i])), i - 1);
      }
      for (int round = 0; round < 200; ++round) {
        const HashKey key = random_key(random);
        expect_eq(ranges.find(key), owner_by_definition(starts, key));
      }
    }
  });
});

const Suite route_tests("route batch", [](Suite& s) {
  s.test("routes records by partition key, or by an explicit hash key where there is one", [] {
    Random random;
    for (std::size_t count = 0; count <= 200; count += 1 + count / 8) {
      const Case of_count("records", count);
      std::vector<HashKey> starts;
      const HashRanges ranges = random_ranges(random, random.between(1, 20), starts);
      Rows rows;
      std::vector<HashKey> expected;
      for (std::size_t i = 0; i < count; ++i) {
        const std::vector<std::byte> key = random.bytes(random.between(1, 80));
        const HashKey explicit_key = random_key(random);
        const bool is_explicit = random.once_in(3);
        rows.add(key, is_explicit ? &explicit_key : nullptr);
        expected.push_back(is_explicit ? explicit_key : HashKey::from_digest(md5(key)));
      }
      std::vector<std::uint32_t> shards(count + 1, 999);
      route_batch(ranges, rows.keys(), shards);
      for (std::size_t i = 0; i < count; ++i) {
        const Case at_record("record", i);
        expect_eq(shards[i], owner_by_definition(starts, expected[i]));
      }
      expect_eq(shards.back(), 999u);
    }
  });

  s.test("reads columns of their own", [] {
    const std::string_view text = "apartitionKey1user-123";
    constexpr std::array<std::uint32_t, 3> kAt{0, 1, 14};
    constexpr std::array<std::uint32_t, 3> kLengths{1, 13, 8};
    constexpr std::array<std::uint32_t, 3> kNone{kNoHashKey, kNoHashKey, kNoHashKey};
    std::array<std::uint32_t, 3> shards{};
    route_batch(four_shards(),
                {text_bytes(text).data(), kAt.data(), kLengths.data(), kNone.data(), 1, 3}, shards);
    expect_eq(shards, std::array{0u, 3u, 2u});
  });
});

}  // namespace
}  // namespace millrace::test
