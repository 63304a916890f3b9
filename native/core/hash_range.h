#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "core/log_page.h"
#include "core/md5.h"

namespace millrace {

// A place in the circle of partition keys: an unsigned 128-bit number.
struct HashKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const HashKey&) const = default;

  // From 16 bytes, the most significant first.
  [[nodiscard]] static HashKey from_big_endian(const std::byte* bytes) noexcept;
  // Where a partition key lies, given its digest.
  [[nodiscard]] static HashKey from_digest(const Md5Digest& digest) noexcept {
    return from_big_endian(digest.data());
  }
};

// Which of a stream's open shards owns a hash key. Shard i owns the keys from start i up to the one
// before start i + 1, the last one those up to 2^128 - 1. Immutable; any thread.
class HashRanges {
 public:
  // `starts` grow strictly from 0.
  explicit HashRanges(std::vector<HashKey> starts);

  // The place of the owner in the list of starts.
  [[nodiscard]] std::uint32_t find(HashKey key) const noexcept;

 private:
  std::vector<HashKey> starts_;
};

// Where ranges begin, from 16 big-endian bytes each. nullopt unless they grow strictly from 0.
[[nodiscard]] std::optional<std::vector<HashKey>> parse_starts(Bytes bytes);

// The keys of packed records. Column n of record r is the word r * stride behind its first one, so
// both columns of their own (stride 1) and rows of words fit. TypeScript has checked that every
// position lies inside of `base`.
struct RoutedKeys {
  const std::byte* base;
  const std::uint32_t* key_at;
  const std::uint32_t* key_bytes;
  const std::uint32_t* hash_key_at;  // where 16 big-endian bytes override the hash, or kNoHashKey
  std::size_t stride = 1;            // words from one record to the next
  std::size_t count = 0;
};

// Whether the keys of the first `count` records of these columns (log_page.h) lie inside of `bytes`
// bytes. There are columns for as many.
[[nodiscard]] bool keys_inside(std::span<const std::uint32_t> columns, std::size_t count,
                               std::size_t bytes) noexcept;

// shards[r] is the owner of record r.
void route_batch(const HashRanges& ranges, const RoutedKeys& keys,
                 std::span<std::uint32_t> shards) noexcept;

}  // namespace millrace
