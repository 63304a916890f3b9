#include "core/writer_list.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/findings.h"
#include "core/frame.h"
#include "core/guarded_copy.h"
#include "core/segment_head.h"
#include "core/segment_header.h"

namespace millrace {

namespace {

// As a segment holds it, with room for one more than fits. Plain memory: it is filled under the
// guard.
struct WriterList {
  std::array<EpochStart, kEpochStartsMax + 1> entries{};
  std::size_t count = 0;

  // Whether each entry is whole. One whose writer died while it stored it, or that the device read
  // at that moment, has no place yet: no frame of its writer counts, and it is left out.
  bool read(Bytes segment) noexcept {
    bool whole = true;
    for (std::size_t i = 0; i < kEpochStartsMax; ++i) {
      const auto entry = load<EpochStart>(segment.data() + kEpochsOffset + i * sizeof(EpochStart));
      if (entry.epoch == 0) break;
      whole = whole && entry.offset != 0;
      if (entry.offset != 0) entries[count++] = entry;
    }
    return whole;
  }
  // Of a writer beyond the last one there was, frames bear out the low bits at most.
  bool bring_near(std::uint64_t last_epoch) noexcept {
    bool near = true;
    for (std::size_t i = 0; i < count; ++i) {
      const auto ago = static_cast<std::uint16_t>(last_epoch - entries[i].epoch);
      if (entries[i].epoch <= last_epoch || ago >= last_epoch) continue;
      entries[i].epoch = last_epoch - ago;
      near = false;
    }
    return near;
  }
  // The writer that a frame at `at` would be of.
  [[nodiscard]] std::uint64_t epoch_at(FileOffset at) const noexcept {
    for (std::size_t i = count; i > 0; --i) {
      if (entries[i - 1].offset <= at.bytes) return entries[i - 1].epoch;
    }
    return 0;
  }
  // Behind all that are no later.
  void insert(const EpochStart& start) noexcept {
    std::size_t at = count++;
    for (; at > 0 && entries[at - 1].epoch > start.epoch; --at) entries[at] = entries[at - 1];
    entries[at] = start;
  }
  Result<void> write(Env& env, const std::string& path) const {
    Result<File> file = File::open(env, path, OpenMode::kReadWrite);
    if (!file) return file.error();
    return file->write_all(std::as_bytes(std::span(entries).first(kEpochStartsMax)),
                           FileOffset{kEpochsOffset});
  }
};

Error unreadable(const Segment& segment) {
  return Error{.code = Errc::kIo, .message = segment.path + ": unreadable page"};
}

Result<bool> is_sound(const Segment& segment, Bytes bytes, std::uint64_t last_epoch) {
  std::array<std::byte, kSummaryOffset> head;
  const bool read =
      guarded([&]() noexcept { std::memcpy(head.data(), bytes.data(), head.size()); });
  if (!read) return unreadable(segment);
  Findings ignored;
  std::vector<EpochStart> writers;
  return list_writers(head, segment.header, segment.path, writers, ignored) &&
         writers.back().epoch <= last_epoch;
}

}  // namespace

Result<void> repair_writers(Env& env, const Segment& segment, Bytes bytes, FileOffset from,
                            FileOffset end, std::uint64_t last_epoch) {
  // Where nothing in the segment was promised, nobody has looked at the list yet.
  const bool promised = from.bytes > segment.header.data_offset;
  Result<bool> sound = promised ? Result<bool>(true) : is_sound(segment, bytes, last_epoch);
  if (!sound) return sound.error();
  WriterList listed;
  bool complete = true;
  const bool read = guarded([&]() noexcept {
    complete = *sound && listed.read(bytes);
    complete = listed.bring_near(last_epoch) && complete;
    for (FileOffset at = from; at < end && listed.count <= kEpochStartsMax;) {
      const auto frame = load<FrameHeader>(bytes.data() + at.bytes);
      if (static_cast<std::uint16_t>(listed.epoch_at(at)) != frame.epoch) {
        const auto ago = static_cast<std::uint16_t>(last_epoch - frame.epoch);
        listed.insert({last_epoch - ago, at.bytes});
        complete = false;
      }
      at.bytes += frame_stride(std::max<std::uint32_t>(frame.length, kFrameHeaderBytes));
    }
  });
  // Somebody began the segment, and may have left bytes that are no frames.
  if (read && listed.count == 0 && last_epoch > 0) {
    listed.insert({last_epoch, segment.header.data_offset});
    complete = false;
  }
  if (!read) return unreadable(segment);
  // A list without room for one more is left: the next writer begins another segment.
  if (complete || listed.count > kEpochStartsMax) return {};
  return listed.write(env, segment.path);
}

Result<void> drop_half_noted(Env& env, const Segment& segment, Bytes bytes) {
  WriterList listed;
  bool whole = true;
  if (!guarded([&]() noexcept { whole = listed.read(bytes); })) return unreadable(segment);
  return whole ? Result<void>{} : listed.write(env, segment.path);
}

}  // namespace millrace
