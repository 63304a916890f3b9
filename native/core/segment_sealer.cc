#include "core/segment_sealer.h"

#include <array>

#include "core/crc32c.h"
#include "core/file.h"
#include "core/guarded_copy.h"
#include "core/tail_scan.h"
#include "core/time_index.h"

namespace millrace {

namespace {

// Less than this is not worth a call.
constexpr std::uint64_t kPunchBytesMin = 256 * kKiB;

using Summary = std::array<IndexSlot, kSummarySlots>;
static_assert(sizeof(Summary) == kIndexOffset - kSummaryOffset);

// Every n-th slot of the index, so that the whole of it spans the segment.
Summary summarize(const TimeIndex& index, const SegmentHeader& header) noexcept {
  Summary summary{};
  for (std::size_t i = 0; i < kSummarySlots; ++i) {
    summary[i] = index.slot(summary_cell(i, header));
  }
  return summary;
}

void count_frames(const FinishedSegment& finished, SegmentTally& tally) noexcept {
  const SegmentHeader& header = finished.segment.header;
  const FileOffset start{header.data_offset};
  if (finished.data_end <= start) return;
  const Bytes bytes = finished.window->bytes();
  const TailScan scan = scan_frames(bytes, header, start, finished.data_end, std::nullopt);
  tally.records = scan.records;
  tally.payload_bytes = scan.payload_bytes;
  tally.first_arrival = scan.first_arrival;
}

SegmentSeal make_seal(const FinishedSegment& finished, const SegmentTally& tally,
                      std::uint32_t index_crc) noexcept {
  SegmentSeal seal{};
  seal.reason = static_cast<std::uint32_t>(finished.reason);
  seal.first_arrival_ms = tally.first_arrival.ms;
  seal.last_arrival_ms = finished.last_arrival.ms;
  seal.last_sequence = finished.last_sequence.value;
  seal.data_end = finished.data_end.bytes;
  seal.records = tally.records;
  seal.payload_bytes = tally.payload_bytes;
  seal.epoch = finished.epoch;
  seal.index_crc = index_crc;
  set_crc(seal);
  return seal;
}

}  // namespace

Result<void> seal_segment(Env& env, const FinishedSegment& finished, Checkpointer* checkpointer) {
  if (checkpointer != nullptr) {
    if (Result<void> synced = checkpointer->run(); !synced) return synced;
  }
  const SegmentHeader& header = finished.segment.header;
  Result<File> file = File::open(env, finished.segment.path, OpenMode::kReadWrite);
  // Trimmed meanwhile: there is nothing left to seal.
  if (!file && file.error().code == Errc::kNotFound) return {};
  if (!file) return file.error();
  SegmentTally tally = finished.tally;
  Summary summary{};
  std::uint32_t index_crc = 0;
  const bool read = guarded([&]() noexcept {
    if (!tally.known) count_frames(finished, tally);
    const Bytes bytes = finished.window->bytes();
    summary = summarize(TimeIndex(bytes, header), header);
    index_crc = crc32c_extend(crc32c(std::as_bytes(std::span(summary))),
                              bytes.subspan(kIndexOffset, header.data_offset - kIndexOffset));
  });
  if (!read)
    return Error{.code = Errc::kIo, .message = finished.segment.path + ": unreadable page"};
  const FileOffset unused{
      align_up<std::uint64_t>(finished.data_end.bytes + kFrameHeaderBytes, kPageBytes)};
  if (unused.bytes < header.file_bytes && header.file_bytes - unused.bytes >= kPunchBytesMin) {
    // A file system that cannot give space back keeps it.
    (void)file->punch(unused, header.file_bytes - unused.bytes);
  }
  if (Result<void> written =
          file->write_all(std::as_bytes(std::span(summary)), FileOffset{kSummaryOffset});
      !written) {
    return written;
  }
  const SegmentSeal seal = make_seal(finished, tally, index_crc);
  if (Result<void> written = file->write_all(bytes_of(seal), FileOffset{kSealOffset}); !written) {
    return written;
  }
  if (checkpointer == nullptr) return {};
  return checkpointer->sync_elsewhere(PoisonStage::kSyncData, [&] { return file->sync_data(); });
}

}  // namespace millrace
