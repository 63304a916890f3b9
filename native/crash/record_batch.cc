#include "crash/record_batch.h"

#include <string>
#include <utility>

namespace millrace::crash {

PutContent ContentSource::draw(test::Random& random, const RecordSizes& sizes) {
  constexpr std::uint64_t kLetters = 26;
  const std::string text = "#" + std::to_string(drawn_++) + " ";
  std::uint64_t bytes = sizes.fixed_bytes;
  if (bytes == 0) {
    const std::uint64_t kind = random.below(20);
    const std::uint64_t limit = kind < 10 ? 100 : kind < 16 ? 700 : kind < 19 ? 3'000 : 9'000;
    bytes = random.below(limit);
  }
  PutContent content{.key = "key" + std::to_string(random.below(5)), .payload_head = text};
  while (content.payload_head.size() < bytes) {
    content.payload_head.push_back(static_cast<char>('a' + random.below(kLetters)));
  }
  content.payload_bytes = content.payload_head.size();
  if (sizes.zeros_max > 0 && random.once_in(4)) {
    content.payload_bytes += random.below(sizes.zeros_max);
  }
  return content;
}

void RecordBatch::add(PutContent content, std::uint64_t next, JournalPlace started) {
  builder_.add(content.key, content.payload());
  puts_.push_back({.sequence = next,
                   .arrival_ms = arrival_ms_,
                   .content = std::move(content),
                   .started = started});
  offsets_.push_back(0);
  arrivals_.push_back(0);
}

PutRecord RecordBatch::answered(std::size_t nth) const {
  PutRecord put = puts_.at(nth);
  put.sequence = static_cast<std::uint64_t>(offsets_.at(nth));
  put.arrival_ms = static_cast<std::int64_t>(arrivals_.at(nth));
  return put;
}

}  // namespace millrace::crash
