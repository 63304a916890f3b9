// A batch of records as JavaScript passes it: packed bytes, columns of positions, an order. What is
// stored of it, and what is refused.
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/background.h"
#include "core/frame.h"
#include "core/packed_record.h"
#include "core/segment_cache.h"
#include "core/shard_log.h"
#include "fuzz/byte_source.h"
#include "fuzz/forged_log.h"
#include "fuzz/read_record.h"
#include "fuzz/target.h"
#include "fuzz/watched_env.h"

namespace millrace::fuzz {
namespace {

constexpr std::size_t kRecordsMax = 20;

// What JavaScript passed, in memory of exactly its size.
struct Staged {
  std::vector<std::byte> bytes;
  std::vector<std::uint32_t> columns;
  std::vector<std::uint32_t> order;
  std::uint64_t from = 0;
  std::uint64_t count = 0;
  std::int64_t arrival_ms = 0;
};

Staged stage(ByteSource& in) {
  Staged staged;
  const std::size_t records = in.below(kRecordsMax);
  std::uint32_t end = 0;
  for (std::size_t i = 0; i < records; ++i) {
    const std::uint32_t key_bytes = in.byte();
    const std::uint32_t data_bytes = in.number<std::uint16_t>() % 2048;
    const std::uint8_t option = in.byte();
    const bool hashed = (option & 1) != 0;
    const std::uint32_t hash_at = hashed ? end + key_bytes + data_bytes : kNoHashKey;
    const std::size_t row = staged.columns.size();
    staged.columns.insert(staged.columns.end(),
                          {end, key_bytes, end + key_bytes, data_bytes, hash_at, option & 6U});
    if ((option & 8) != 0) {
      std::uint32_t& word = staged.columns[row + in.below(column::kStride)];
      word = in.altered_as(word);
    }
    end += key_bytes + data_bytes + (hashed ? static_cast<std::uint32_t>(kHashKeyBytes) : 0);
    staged.order.push_back(static_cast<std::uint32_t>(i));
    if ((option & 16) != 0) staged.order.back() = in.altered_as(staged.order.back());
  }
  staged.count = in.altered(staged.order.size());
  staged.from = in.altered(0);
  staged.arrival_ms = in.altered_as(std::int64_t{1'000});
  staged.columns.resize(staged.columns.size() - in.below(3) % (staged.columns.size() + 1));
  const std::uint64_t size = in.altered(end);
  staged.bytes.resize(size > 64 * kKiB ? end : size);
  for (std::size_t i = 0; i < staged.bytes.size(); ++i) {
    staged.bytes[i] = static_cast<std::byte>(i * 7 + (i >> 8));
  }
  return staged;
}

// What a reader should get; nullopt of a record that does not fit, by arithmetic that cannot wrap.
std::optional<ReadRecord> expected(const Staged& staged, std::size_t index) {
  if ((index + 1) * column::kStride > staged.columns.size()) return std::nullopt;
  const std::uint32_t* words = staged.columns.data() + index * column::kStride;
  const auto part = [&](std::uint64_t at, std::uint64_t count) -> std::optional<std::string> {
    if (at + count > staged.bytes.size()) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(staged.bytes.data()) + at, count);
  };
  const std::uint64_t size = std::uint64_t{words[column::kKeyBytes]} + words[column::kDataBytes];
  if (words[column::kKeyBytes] > 1024 || size > 10 * kMiB + 1024) return std::nullopt;
  if ((words[column::kFlags] & ~6U) != 0) return std::nullopt;
  const auto key = part(words[column::kKeyAt], words[column::kKeyBytes]);
  const auto payload = part(words[column::kDataAt], words[column::kDataBytes]);
  std::optional<std::string> hash_key = "";
  if (words[column::kHashKeyAt] != kNoHashKey) {
    hash_key = part(words[column::kHashKeyAt], kHashKeyBytes);
  }
  if (!key || !payload || !hash_key) return std::nullopt;
  return ReadRecord{0, 0, *key, *hash_key, *payload, words[column::kFlags]};
}

// Appends until everything was answered; the records that count as stored.
std::vector<ReadRecord> append(ShardLog& log, const Staged& staged,
                               std::span<const std::uint32_t> order, std::size_t slots) {
  std::vector<ReadRecord> stored;
  std::vector<double> offsets(slots);
  std::vector<double> arrivals(slots);
  while (!order.empty()) {
    const PackedBatch batch{staged.bytes, staged.columns, order, {staged.arrival_ms}};
    const Result<std::size_t> done = log.append(batch, {offsets, arrivals});
    if (!done) {
      claim(done.error().code == Errc::kTooLarge, "a batch fails: " + done.error().message);
      bool fits = true;
      for (const std::uint32_t index : order) fits = fits && expected(staged, index).has_value();
      claim(!fits, "a batch that fits is refused");
      return stored;
    }
    claim(*done > 0 && *done <= order.size(), "a batch is answered for more than it holds");
    for (const std::uint32_t index : order.first(*done)) {
      std::optional<ReadRecord> record = expected(staged, index);
      claim(record.has_value(), "a record that does not fit is stored");
      record->sequence = static_cast<std::uint64_t>(offsets[index]);
      record->arrival_ms = arrivals[index];
      stored.push_back(std::move(*record));
    }
    order = order.subspan(*done);
  }
  return stored;
}

void run(Bytes input) {
  ByteSource in(input);
  LogOptions options;
  options.written = in.below(2) == 1;
  const Staged staged = stage(in);
  const std::size_t slots = staged.columns.size() / column::kStride;
  const auto order = part_of_order(staged.order, staged.from, staged.count, slots);
  if (!order) return;
  const std::shared_ptr<WatchedEnv> env = WatchedEnv::make(false);
  claim(env->make_directory("store").ok(), "the harness itself: a folder");
  Background background;
  const auto cache = std::make_shared<SegmentCache>(*env, background, 8);
  Result<std::unique_ptr<ShardLog>> log = ShardLog::open(
      {env, &background, cache}, "store/log", forged_identity(ForgedRole::kShard), options);
  claim(log.ok(), "a new log does not open");
  std::vector<ReadRecord> stored = append(**log, staged, *order, slots);
  // A record that is named twice is stored twice, and has one slot for its answers.
  std::vector<bool> named(slots);
  bool twice = false;
  for (const std::uint32_t index : *order) {
    twice = twice || named[index];
    named[index] = true;
  }
  const ReadThrough read =
      read_through([&](Sequence at, const PageLimits& limits,
                       const PageBuffers& into) { return (*log)->read(at, limits, into); },
                   kFirstSequence);
  claim(!read.error, "what was stored cannot be read");
  claim(read.records.size() == stored.size(), "another number of records is read than was stored");
  if (!twice) claim(read.records == stored, "what is read is not what was passed");
  claim((*log)->close().ok(), "closing fails");
}

const Target staging("staging", run);

}  // namespace
}  // namespace millrace::fuzz
