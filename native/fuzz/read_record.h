#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/log_page.h"
#include "core/result.h"
#include "core/units.h"

namespace millrace::fuzz {

// A record as a reader got it.
struct ReadRecord {
  std::uint64_t sequence = 0;
  double arrival_ms = 0;  // as JavaScript gets it
  std::string key;
  std::string hash_key;  // empty, or 16 bytes
  std::string payload;
  std::uint32_t flags = 0;
  bool operator==(const ReadRecord&) const = default;
  auto operator<=>(const ReadRecord&) const = default;
};

// What was read until the tail, or until an error.
struct ReadThrough {
  std::vector<ReadRecord> records;
  std::optional<Error> error;
  bool ended = false;
};

// How a page is read: ShardLog::read, or that of another reader.
using ReadCall = std::function<Result<Page>(Sequence, const PageLimits&, const PageBuffers&)>;

// Reads all records from `from`, or from the first behind it that is kept. Claims what every page
// promises: that numbers grow, that positions lie inside the buffer, that it gets on.
ReadThrough read_through(const ReadCall& read, Sequence from);

// The record at `index` of a page whose positions count from the start of `bytes`.
ReadRecord record_at(Bytes bytes, const PageBuffers& page, std::size_t index);

}  // namespace millrace::fuzz
