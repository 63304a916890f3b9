#include "fuzz/read_record.h"

#include <algorithm>

#include "core/frame.h"
#include "fuzz/target.h"

namespace millrace::fuzz {

namespace {

constexpr std::size_t kPageRecords = 7;
constexpr std::size_t kPageBytes = 4096;

std::string text_at(Bytes bytes, std::uint32_t at, std::uint32_t count) {
  claim(at <= bytes.size() && count <= bytes.size() - at, "a position lies outside of its page");
  return {reinterpret_cast<const char*>(bytes.data()) + at, count};
}

}  // namespace

ReadRecord record_at(Bytes bytes, const PageBuffers& page, std::size_t index) {
  const std::uint32_t* words = page.columns.data() + index * column::kStride;
  ReadRecord record;
  record.sequence = static_cast<std::uint64_t>(page.offsets[index]);
  record.arrival_ms = page.arrivals_ms[index];
  record.key = text_at(bytes, words[column::kKeyAt], words[column::kKeyBytes]);
  record.payload = text_at(bytes, words[column::kDataAt], words[column::kDataBytes]);
  if (words[column::kHashKeyAt] != kNoHashKey) {
    record.hash_key = text_at(bytes, words[column::kHashKeyAt], kHashKeyBytes);
  }
  record.flags = words[column::kFlags];
  return record;
}

ReadThrough read_through(const ReadCall& read, Sequence from) {
  ReadThrough all;
  std::vector<std::byte> buffer(kPageBytes);
  std::vector<std::uint32_t> columns(kPageRecords * column::kStride);
  std::vector<double> offsets(kPageRecords);
  std::vector<double> arrivals(kPageRecords);
  for (;;) {
    const PageBuffers into{buffer, columns, offsets, arrivals};
    const Result<Page> page = read(from, {kPageBytes, kPageRecords, false}, into);
    if (!page && page.error().code == Errc::kTooLarge) {
      claim(page.error().detail > buffer.size(), "a page that is said to lack room has it");
      claim(page.error().detail <= frame_stride(kFrameLengthMax), "no frame takes so much room");
      buffer.resize(page.error().detail);
      continue;
    }
    if (!page && page.error().code == Errc::kTrimmed && page.error().detail > from.value) {
      from = {page.error().detail};
      continue;
    }
    if (!page) {
      all.error = page.error();
      return all;
    }
    claim(page->count <= kPageRecords, "a page has more records than were asked for");
    for (std::size_t i = 0; i < page->count; ++i) {
      ReadRecord record = record_at(buffer, into, i);
      claim(record.sequence >= from.value, "a record lies before the place that was asked for");
      claim(all.records.empty() || record.sequence > all.records.back().sequence,
            "sequence numbers do not grow");
      all.records.push_back(std::move(record));
    }
    claim(page->count == 0 || page->next.value > all.records.back().sequence,
          "the next page would begin with a record of this one");
    all.ended = page->ended;
    if (page->at_tail || page->ended) return all;
    claim(page->next > from, "a page that is not at the tail does not get on");
    from = page->next;
  }
}

}  // namespace millrace::fuzz
