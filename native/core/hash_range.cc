#include "core/hash_range.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <functional>
#include <utility>

#include "core/frame.h"
#include "core/md5_lanes.h"

namespace millrace {
namespace {

// Keys and digests of this many records stay in the first-level cache.
constexpr std::size_t kRoutedAtOnce = 64;

std::uint64_t load_big_endian(const std::byte* from) noexcept {
  const auto byte = [from](std::size_t i) { return std::to_integer<std::uint64_t>(from[i]); };
  return byte(0) << 56 | byte(1) << 48 | byte(2) << 40 | byte(3) << 32 | byte(4) << 24 |
         byte(5) << 16 | byte(6) << 8 | byte(7);
}

// All ones if key < start, else 0: a subtraction's borrow. Without a branch, because which way a
// hash goes cannot be predicted.
std::size_t below_mask(const HashKey& key, const HashKey& start) noexcept {
  const std::uint64_t borrow = key.low < start.low ? 1 : 0;
  const bool below = (key.high < start.high) | (key.high - start.high < borrow);
  return std::size_t{0} - static_cast<std::size_t>(below);
}

}  // namespace

HashKey HashKey::from_big_endian(const std::byte* bytes) noexcept {
  return {load_big_endian(bytes), load_big_endian(bytes + 8)};
}

HashRanges::HashRanges(std::vector<HashKey> starts) : starts_(std::move(starts)) {
  assert(!starts_.empty() && starts_.front() == HashKey{});
  assert(std::ranges::adjacent_find(starts_, std::greater_equal{}) == starts_.end());
}

std::uint32_t HashRanges::find(HashKey key) const noexcept {
  const HashKey* first = starts_.data();
  for (std::size_t candidates = starts_.size(); candidates > 1;) {
    const std::size_t half = candidates / 2;
    first += half & ~below_mask(key, first[half]);
    candidates -= half;
  }
  return static_cast<std::uint32_t>(first - starts_.data());
}

std::optional<std::vector<HashKey>> parse_starts(Bytes bytes) {
  if (bytes.empty() || bytes.size() % kHashKeyBytes != 0) return std::nullopt;
  std::vector<HashKey> starts;
  starts.reserve(bytes.size() / kHashKeyBytes);
  for (std::size_t at = 0; at < bytes.size(); at += kHashKeyBytes) {
    starts.push_back(HashKey::from_big_endian(bytes.data() + at));
  }
  const bool ascending = std::ranges::adjacent_find(starts, std::greater_equal{}) == starts.end();
  if (starts.front() != HashKey{} || !ascending) return std::nullopt;
  return starts;
}

bool keys_inside(std::span<const std::uint32_t> columns, std::size_t count,
                 std::size_t bytes) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t* words = columns.data() + i * column::kStride;
    const std::size_t key_at = words[column::kKeyAt];
    if (key_at > bytes || words[column::kKeyBytes] > bytes - key_at) return false;
    const std::size_t hash_at = words[column::kHashKeyAt];
    if (hash_at == kNoHashKey) continue;
    if (hash_at > bytes || kHashKeyBytes > bytes - hash_at) return false;
  }
  return true;
}

void route_batch(const HashRanges& ranges, const RoutedKeys& keys,
                 std::span<std::uint32_t> shards) noexcept {
  assert(shards.size() >= keys.count);
  std::array<Md5Key, kRoutedAtOnce> hashed;
  std::array<Md5Digest, kRoutedAtOnce> digests;
  for (std::size_t from = 0; from < keys.count; from += kRoutedAtOnce) {
    const std::size_t count = std::min(kRoutedAtOnce, keys.count - from);
    std::size_t hashed_count = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t word = (from + i) * keys.stride;
      if (keys.hash_key_at[word] != kNoHashKey) continue;
      hashed[hashed_count++] = {keys.base + keys.key_at[word], keys.key_bytes[word]};
    }
    md5_batch(hashed.data(), hashed_count, digests.data());
    const Md5Digest* digest = digests.data();
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t at = keys.hash_key_at[(from + i) * keys.stride];
      const std::byte* const key = at == kNoHashKey ? (digest++)->data() : keys.base + at;
      shards[from + i] = ranges.find(HashKey::from_big_endian(key));
    }
  }
}

}  // namespace millrace
