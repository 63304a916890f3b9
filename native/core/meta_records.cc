#include "core/meta_records.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/boot_hash.h"
#include "core/chunk_reader.h"
#include "core/file.h"
#include "core/log_files.h"
#include "core/log_terms.h"
#include "core/paths.h"
#include "core/recovery.h"
#include "core/scan_meter.h"
#include "core/segment_walk.h"
#include "core/store_folder.h"

namespace millrace {

namespace {

constexpr const char* kFolder = "meta";

class MetaReader {
 public:
  MetaReader(Env& env, LogFiles files, Sequence from, std::uint64_t bytes)
      : env_(env), files_(std::move(files)), bytes_(bytes), meter_(watch_) {
    const Sequence trimmed = files_.control ? files_.control->trim_sequence : kFirstSequence;
    from_ = std::max(from, trimmed);
    records_.next = from_;
  }

  Result<MetaRecords> run() {
    for (std::size_t i = first_segment(); i < files_.segments.size(); ++i) {
      if (!files_.segments[i].head) break;
      Result<bool> whole = read_segment(i);
      if (!whole) return whole.error();
      if (full()) return std::move(records_);
      if (!*whole) break;
    }
    records_.at_end = true;
    return std::move(records_);
  }

 private:
  [[nodiscard]] bool full() const noexcept {
    return !records_.ends.empty() && records_.payloads.size() >= bytes_;
  }

  // The last one that begins at or below the first record asked for.
  [[nodiscard]] std::size_t first_segment() const noexcept {
    std::size_t index = 0;
    for (std::size_t i = 0; i < files_.segments.size(); ++i) {
      const std::optional<SegmentHead>& head = files_.segments[i].head;
      if (head && head->segment.base_sequence() <= from_) index = i;
    }
    return index;
  }

  // False when its frames stop before the log does.
  Result<bool> read_segment(std::size_t index) {
    const Segment& segment = files_.segments[index].head->segment;
    Result<File> file = File::open(env_, segment.path, OpenMode::kRead);
    if (!file) return file.error();
    const SegmentTerms terms = terms_of(files_, index, false);
    const FileOffset end = terms.end.value_or(FileOffset{segment.header.file_bytes});
    ChunkReader reader(*file, buffer_, meter_);
    FileOffset at{segment.header.data_offset};
    Sequence expected = segment.base_sequence();
    while (at < end && !full()) {
      Result<SeenFrame> seen = see_frame(reader, seed_of(segment.header), at, end);
      if (!seen) return seen.error();
      const FrameHeader& header = seen->check.frame.header;
      const bool good = seen->check.fault == FrameFault::kNone && header.sequence == expected.value;
      if (!good && expected >= from_) return false;
      if (!good) {
        Result<bool> crossed = cross_damage(reader, segment, end, at, expected);
        if (!crossed || !*crossed) return crossed;
        continue;
      }
      take(*seen);
      const bool gap = header.type == static_cast<std::uint8_t>(FrameType::kGap);
      expected.value =
          (gap ? gap_end(seen->frame.data(), seen->check.frame).value : header.sequence) + 1;
      at.bytes += seen->frame.size();
    }
    return true;
  }

  // What is damaged before the first record asked for does not matter: moves on to the next frame
  // that is whole and of a later number.
  Result<bool> cross_damage(ChunkReader& reader, const Segment& segment, FileOffset end,
                            FileOffset& at, Sequence& expected) const {
    for (at.bytes += kFrameHeaderBytes; at < end; at.bytes += kFrameAlignment) {
      Result<SeenFrame> seen = see_frame(reader, seed_of(segment.header), at, end);
      if (!seen) return seen.error();
      const FrameHeader& header = seen->check.frame.header;
      if (seen->check.fault != FrameFault::kNone || header.sequence <= expected.value) continue;
      expected = {header.sequence};
      return true;
    }
    return false;
  }

  void take(const SeenFrame& seen) {
    const FrameView& frame = seen.check.frame;
    const bool record = frame.header.type == static_cast<std::uint8_t>(FrameType::kData);
    if (!record || frame.header.sequence < from_.value) return;
    const Bytes payload = seen.frame.subspan(frame.payload_at, frame.payload_bytes);
    records_.payloads.insert(records_.payloads.end(), payload.begin(), payload.end());
    records_.ends.push_back(records_.payloads.size());
    records_.sequences.push_back({frame.header.sequence});
    records_.next = {frame.header.sequence + 1};
  }

  Env& env_;
  const LogFiles files_;
  const std::uint64_t bytes_;
  Sequence from_;
  const ScanWatch watch_;
  ScanMeter meter_;
  ChunkBuffer buffer_;
  MetaRecords records_;
};

}  // namespace

Result<MetaRecords> read_meta_records(Env& env, const std::string& root, Sequence from,
                                      std::uint64_t bytes) {
  Result<std::array<std::byte, 16>> uuid = read_store_format(env, root);
  if (!uuid) return uuid.error();
  Result<std::uint64_t> boot = current_boot_hash(env);
  if (!boot) return boot.error();
  const LogPlace place{root, kFolder, *uuid, *boot, false};
  return MetaReader(env, read_steady_log_files(env, place), from, bytes).run();
}

}  // namespace millrace
