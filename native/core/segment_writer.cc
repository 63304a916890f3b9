#include "core/segment_writer.h"

#include <algorithm>
#include <utility>

#include "core/guarded_copy.h"
#include "core/paths.h"
#include "core/time_index.h"

namespace millrace {

namespace {

// More would push out of the cache what it was fetched for.
constexpr std::uint64_t kExpectedBytesMax = 4 * kKiB;

}  // namespace

SegmentWriter::SegmentWriter(Segment segment, std::shared_ptr<AppendWindow> window, FileOffset tail,
                             FrameStage* stage) noexcept
    : segment_(std::move(segment)),
      window_(std::move(window)),
      stage_(stage),
      seed_(seed_of(segment_.header)),
      tail_(tail),
      last_cell_(last_indexed_cell()) {}

// A frame that only ends in the tail's cell leaves its slot to the first one that starts there.
std::size_t SegmentWriter::last_indexed_cell() const noexcept {
  const TimeIndex index(window_->bytes(), segment_.header);
  const std::size_t cell = index.cell_of(tail_);
  if (cell == 0) return 0;  // the first frame starts here, and has no slot
  const bool begun = cell < segment_.header.index_slots && index.sane_slot(cell).offset != 0;
  return begun ? cell : cell - 1;
}

Result<SegmentWriter> SegmentWriter::begin(Env& env, const std::string& directory,
                                           std::shared_ptr<AppendWindow> window,
                                           const std::string& temporary, const SegmentPlan& plan,
                                           std::uint64_t epoch, FrameStage* stage) {
  const std::string path = join_path(directory, segment_name(plan.base_sequence));
  const SegmentHeader header = make_header(plan);
  SegmentWriter writer(Segment{path, header}, std::move(window), FileOffset{header.data_offset},
                       stage);
  // Somebody may have cut the file short since its first page was made ready.
  if (!guarded([&]() noexcept { store(writer.window_->base(), header); })) {
    return Error{.code = Errc::kIo, .message = temporary + ": its first page cannot be written"};
  }
  writer.window_->stored(writer.window_->bytes().first(sizeof(header)));
  if (Result<void> noted = writer.note_epoch(epoch); !noted) return noted.error();
  if (Result<void> renamed = env.rename(temporary, path); !renamed) return renamed.error();
  return writer;
}

Result<SegmentWriter> SegmentWriter::resume(Env& env, const Segment& segment, FileOffset tail,
                                            std::uint64_t epoch, FrameStage* stage) {
  const FileOffset ready = stage == nullptr ? tail : FileOffset{segment.header.data_offset};
  Result<std::shared_ptr<AppendWindow>> window =
      AppendWindow::open(env, segment.path, segment.header, ready);
  if (!window) return window.error();
  SegmentWriter writer(segment, std::move(*window), tail, stage);
  if (Result<void> noted = writer.note_epoch(epoch); !noted) return noted.error();
  return writer;
}

// The first page is always in the window; but somebody may cut the file short.
Result<void> SegmentWriter::note_epoch(std::uint64_t epoch) {
  const EpochStart start{epoch, tail_.bytes};
  std::byte* noted = nullptr;
  const bool whole = guarded([&]() noexcept {
    for (std::size_t i = 0; i < kEpochStartsMax; ++i) {
      std::byte* const at = window_->base() + kEpochsOffset + i * sizeof(EpochStart);
      const auto there = load<EpochStart>(at);
      const bool earlier_attempt = there.epoch == epoch && there.offset == tail_.bytes;
      if (there.epoch != 0 && !earlier_attempt) continue;
      store(at, start);
      noted = at;
      return;
    }
  });
  if (!whole)
    return Error{.code = Errc::kIo, .message = segment_.path + ": its first page is gone"};
  if (noted == nullptr) {
    return Error{.code = Errc::kTooLarge,
                 .message = segment_.path + ": its list of writers is full"};
  }
  window_->stored({noted, sizeof(EpochStart)});
  return {};
}

bool SegmentWriter::is_sealed() const noexcept {
  const Bytes block = window_->bytes().subspan(kSealOffset, sizeof(SegmentSeal));
  return parse_seal(block, segment_.header).has_value();
}

std::uint64_t SegmentWriter::room() const noexcept {
  const std::uint64_t left = segment_.header.file_bytes - tail_.bytes;
  return left > kFrameHeaderBytes ? left - kFrameHeaderBytes : 0;
}

void SegmentWriter::add(const FrameContent& content, const FrameStamp& stamp) noexcept {
  const std::size_t cell = (tail_.bytes - segment_.header.data_offset) / kGridBytes;
  if (cell != last_cell_) {
    last_cell_ = cell;
    add_slot(tail_, stamp);
  }
  tail_.bytes += write_frame(frame_at(tail_), content, stamp, seed_);
}

void SegmentWriter::add_slot(FileOffset at, const FrameStamp& stamp) noexcept {
  const IndexSlot slot{
      .offset = static_cast<std::uint32_t>(at.bytes),
      .sequence_delta =
          static_cast<std::uint32_t>(stamp.sequence.value - segment_.header.base_sequence),
      .arrival_ms = stamp.arrival.ms,
  };
  if (stage_ != nullptr) return stage_->put_slot(last_cell_, slot);
  store(window_->base() + kIndexOffset + last_cell_ * sizeof(IndexSlot), slot);
}

void SegmentWriter::expect_another(std::uint64_t stride) const noexcept {
  const std::uint64_t bytes =
      std::min({stride, kExpectedBytesMax, window_->file_bytes() - tail_.bytes});
  fetch_for_writing(MutableBytes(window_->base() + tail_.bytes, bytes));
}

void SegmentWriter::stored_since(FileOffset from) const noexcept {
  if (stage_ != nullptr) return;
  const Bytes bytes = window_->bytes();
  window_->stored(bytes.subspan(from.bytes, tail_.bytes - from.bytes));
  const std::size_t first = (from.bytes - segment_.header.data_offset) / kGridBytes;
  const std::size_t slots = last_cell_ - first + 1;
  window_->stored(
      bytes.subspan(kIndexOffset + first * sizeof(IndexSlot), slots * sizeof(IndexSlot)));
}

std::size_t SegmentWriter::pad(const FrameStamp& stamp) noexcept {
  if (segment_.header.file_bytes - tail_.bytes < kFrameHeaderBytes) return 0;
  if (!ensure(kFrameHeaderBytes)) return 0;  // readers do without it
  std::size_t written = 0;
  const bool whole = guarded([&]() noexcept {
    written = write_frame(
        frame_at(tail_),
        {.type = FrameType::kPad, .flags = 0, .key = {}, .hash_key = nullptr, .payload = {}}, stamp,
        seed_);
  });
  if (!whole) return 0;
  if (stage_ == nullptr) window_->stored(window_->bytes().subspan(tail_.bytes, written));
  return written;
}

}  // namespace millrace
