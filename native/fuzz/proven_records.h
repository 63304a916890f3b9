#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/units.h"
#include "fuzz/forged_log.h"
#include "fuzz/read_record.h"

namespace millrace::fuzz {

// What the bytes of a forged log prove by themselves: read by the text of docs/on-disk-format.md,
// with nothing of the engine but its checksum.
class ProvenRecords {
 public:
  // As the files are now, before anybody puts them in order.
  ProvenRecords(Env& env, const ForgedLog& log);

  // Whether some frame, anywhere in the log, is this record.
  [[nodiscard]] bool holds(const ReadRecord& record) const { return records_.contains(record); }
  [[nodiscard]] bool holds_payload(Sequence sequence, const std::string& payload) const;
  // The records of the frames that follow one another from the start of the first segment on, whole
  // and in order, up to position `end`. nullopt when they do not reach it.
  [[nodiscard]] std::optional<std::vector<ReadRecord>> chain_to(LogPosition end) const;

 private:
  struct Frame {
    ReadRecord record;
    std::int64_t arrival_ms = 0;
    std::uint64_t stride = 0;
    std::uint64_t next = 0;  // the sequence number behind it
    std::uint8_t type = 0;
  };
  struct File {
    SegmentHeader header;
    std::map<std::uint64_t, Frame> frames;  // by file offset
  };

  static std::optional<Frame> frame_at(Bytes bytes, std::uint64_t at, std::uint32_t seed);

  std::vector<File> files_;
  std::set<ReadRecord> records_;
};

}  // namespace millrace::fuzz
