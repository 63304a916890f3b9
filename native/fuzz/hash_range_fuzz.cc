// Ranges of hash keys as JavaScript passes them, and the keys of a batch that is routed by them.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "core/frame.h"
#include "core/hash_range.h"
#include "core/log_page.h"
#include "core/md5.h"
#include "fuzz/byte_source.h"
#include "fuzz/target.h"

namespace millrace::fuzz {
namespace {

using BigEndian = std::array<std::byte, kHashKeyBytes>;

// Whose range a key is in, judged by comparing bytes from the last start to the first.
std::uint32_t owner_by_bytes(Bytes starts, const BigEndian& key) {
  std::size_t shard = starts.size() / kHashKeyBytes;
  while (--shard > 0) {
    if (std::memcmp(starts.data() + shard * kHashKeyBytes, key.data(), kHashKeyBytes) <= 0) break;
  }
  return static_cast<std::uint32_t>(shard);
}

bool ascends_from_zero(Bytes starts) {
  if (starts.empty() || starts.size() % kHashKeyBytes != 0) return false;
  const BigEndian zeros{};
  if (std::memcmp(starts.data(), zeros.data(), kHashKeyBytes) != 0) return false;
  for (std::size_t at = kHashKeyBytes; at < starts.size(); at += kHashKeyBytes) {
    const std::byte* const start = starts.data() + at;
    if (std::memcmp(start - kHashKeyBytes, start, kHashKeyBytes) >= 0) return false;
  }
  return true;
}

// Ranges that mostly ascend from 0: otherwise nearly every input would be refused.
std::vector<std::byte> some_starts(ByteSource& in) {
  const bool raw = in.below(4) == 1;
  const Bytes passed = in.bytes(in.below(256));
  std::vector<std::byte> starts(passed.begin(), passed.end());
  if (raw) return starts;
  starts.resize(align_down<std::size_t>(starts.size(), kHashKeyBytes));
  auto* const keys = reinterpret_cast<BigEndian*>(starts.data());
  const std::size_t count = starts.size() / kHashKeyBytes;
  std::sort(keys, keys + count);
  starts.resize(static_cast<std::size_t>(std::unique(keys, keys + count) - keys) * kHashKeyBytes);
  if (starts.empty() || std::ranges::any_of(Bytes(starts).first(kHashKeyBytes),
                                            [](std::byte b) { return b != std::byte{0}; })) {
    starts.insert(starts.begin(), kHashKeyBytes, std::byte{0});
  }
  return starts;
}

void route(ByteSource& in, const HashRanges& ranges, Bytes starts) {
  const std::size_t count = 1 + in.below(100);
  std::vector<std::uint32_t> columns(count * column::kStride);
  const bool wild = in.below(4) == 1;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t* const words = columns.data() + i * column::kStride;
    words[column::kKeyAt] = in.byte();
    words[column::kKeyBytes] = in.byte();
    const std::uint8_t hash_at = in.byte();
    words[column::kHashKeyAt] = (hash_at & 1) != 0 ? hash_at / 2U : kNoHashKey;
    if (!wild) continue;
    const std::size_t which = in.below(column::kStride);
    words[which] = in.altered_as(words[which]);
  }
  const Bytes rest = in.rest();
  const std::vector<std::byte> bytes(rest.begin(), rest.end());
  if (!keys_inside(columns, count, bytes.size())) return;
  std::vector<std::uint32_t> shards(count, UINT32_MAX);
  route_batch(ranges,
              {.base = bytes.data(),
               .key_at = columns.data() + column::kKeyAt,
               .key_bytes = columns.data() + column::kKeyBytes,
               .hash_key_at = columns.data() + column::kHashKeyAt,
               .stride = column::kStride,
               .count = count},
              shards);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t* const words = columns.data() + i * column::kStride;
    BigEndian key;
    if (words[column::kHashKeyAt] != kNoHashKey) {
      std::memcpy(key.data(), bytes.data() + words[column::kHashKeyAt], key.size());
    } else {
      key = md5(Bytes(bytes).subspan(words[column::kKeyAt], words[column::kKeyBytes]));
    }
    claim(shards[i] == owner_by_bytes(starts, key),
          "a record goes to a shard that has not its key");
  }
}

void run(Bytes input) {
  ByteSource in(input);
  const std::vector<std::byte> starts = some_starts(in);
  std::optional<std::vector<HashKey>> parsed = parse_starts(starts);
  claim(parsed.has_value() == ascends_from_zero(starts), "ranges are judged wrongly");
  if (!parsed) return;
  const HashRanges ranges(std::move(*parsed));
  route(in, ranges, starts);
}

const Target hash_range("hash_range", run);

}  // namespace
}  // namespace millrace::fuzz
