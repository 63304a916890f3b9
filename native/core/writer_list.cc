#include "core/writer_list.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>
#include <utility>
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
  // Frames keep only so many bits of it.
  [[nodiscard]] bool is_of(std::uint64_t epoch, FileOffset at) const noexcept {
    return static_cast<std::uint16_t>(epoch_at(at)) == static_cast<std::uint16_t>(epoch);
  }
  // Takes off the list whom `is_wrong` says so of; false when there is nobody.
  template <typename Wrong>
  bool drop(Wrong is_wrong) noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_wrong(i)) entries[kept++] = entries[i];
    }
    return kept != std::exchange(count, kept);
  }
  // One who began no higher than a later writer wrote over what this one had begun.
  [[nodiscard]] bool is_written_over(std::size_t writer) const noexcept {
    const std::span<const EpochStart> later(entries.data() + writer + 1, count - writer - 1);
    return std::ranges::any_of(
        later, [&](const EpochStart& start) { return start.offset <= entries[writer].offset; });
  }
  // Of a writer beyond the last one there was, frames bear out the low bits at most. False when one
  // was listed.
  bool bring_near(std::uint64_t last_epoch) noexcept {
    bool near = true;
    for (EpochStart& writer : std::span(entries).first(count)) {
      if (writer.epoch <= last_epoch) continue;
      const auto ago = static_cast<std::uint16_t>(last_epoch - writer.epoch);
      writer.epoch = ago < last_epoch ? last_epoch - ago : 0;
      near = false;
    }
    drop([&](std::size_t i) { return entries[i].epoch == 0; });
    return near;
  }
  // Makes the list agree with the frame [at, end) of the writer `epoch`; false when it did.
  bool name(std::uint64_t epoch, FileOffset at, FileOffset end) noexcept {
    bool changed = false;
    if (!is_of(epoch, at)) {
      // Whoever came later began behind this frame.
      drop(
          [&](std::size_t i) { return entries[i].epoch > epoch && entries[i].offset <= at.bytes; });
      if (!is_of(epoch, at)) insert({epoch, at.bytes});
      changed = true;
    }
    return drop_between(at, end) || changed;
  }
  // Those whose frames may be there, but begin nowhere above `from` and below `to`.
  bool drop_between(FileOffset from, FileOffset to) noexcept {
    return drop([&](std::size_t i) {
      const std::uint64_t offset = entries[i].offset;
      return offset > from.bytes && offset < to.bytes && !is_written_over(i);
    });
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

Result<void> repair_writers(Env& env, const Segment& segment, Bytes bytes, const FoundFrames& found,
                            std::uint64_t last_epoch) {
  // Where nothing in the segment was promised, nobody has looked at the list yet.
  const bool promised = found.from.bytes > segment.header.data_offset;
  Result<bool> sound = promised ? Result<bool>(true) : is_sound(segment, bytes, last_epoch);
  if (!sound) return sound.error();
  WriterList listed;
  bool complete = true;
  const bool read = guarded([&]() noexcept {
    complete = *sound && listed.read(bytes);
    complete = listed.bring_near(last_epoch) && complete;
    for (FileOffset at = found.from; at < found.end && listed.count <= kEpochStartsMax;) {
      const auto frame = load<FrameHeader>(bytes.data() + at.bytes);
      const FileOffset end{at.bytes +
                           frame_stride(std::max<std::uint32_t>(frame.length, kFrameHeaderBytes))};
      const auto ago = static_cast<std::uint16_t>(last_epoch - frame.epoch);
      if (listed.name(last_epoch - ago, at, end)) complete = false;
      at = end;
    }
    const FileOffset behind_all{segment.header.file_bytes + 1};
    if (!found.goes_on && listed.drop_between(found.end, behind_all)) complete = false;
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
