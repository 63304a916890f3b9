#include "core/log_chain.h"

#include <cstddef>
#include <utility>

#include "core/frame.h"

namespace millrace {

namespace {

const char* broken_link(const SegmentHeader& before, const SegmentHeader& after) noexcept {
  if (after.ordinal > before.ordinal + 1) return "the segments before it are missing";
  const std::uint64_t capacity = before.file_bytes - before.data_offset;
  const bool follows = after.ordinal == before.ordinal + 1 &&
                       after.base_sequence > before.base_sequence &&
                       after.previous_arrival_ms >= before.previous_arrival_ms;
  const bool adjoins = after.base_position >= before.base_position &&
                       after.base_position - before.base_position <= capacity &&
                       (after.base_position - before.base_position) % kFrameAlignment == 0;
  return follows && adjoins ? nullptr : "its header does not follow that of the segment before it";
}

class ChainCheck {
 public:
  ChainCheck(LogFiles& files, const std::string& control_file)
      : files_(files), words_(*files.control), control_file_(control_file) {}

  void run() {
    if (files_.segments.empty()) {
      const LogPosition promised =
          files_.last_end == LastEnd::kSystemDied ? words_.durable : words_.committed;
      if (promised.bytes > 0) damage(offsetof(ControlPage, committed), "every segment is missing");
      const bool system_died = files_.last_end == LastEnd::kSystemDied;
      if (!system_died && words_.first_segment.value != 0) {
        damage(offsetof(ControlPage, first_segment), "the first segment is missing");
      }
      return;
    }
    check_front();
    for (std::size_t i = 0; i < files_.segments.size(); ++i) check_entry(i);
    if (files_.segments.back().head) check_end(files_.segments.back().head->segment);
    check_writers();
  }

 private:
  void damage(std::size_t offset, const char* what) {
    files_.findings.damage(control_file_, offset, what);
  }

  // A segment that was begun behind the last sync is set aside by a recovery, not damaged.
  void blame(LogFiles::Entry& entry, LogPosition base, const char* what) {
    if (is_promised(files_, base)) {
      entry.findings.damage(entry.file, 0, what);
    } else {
      entry.findings.notice(entry.file, 0, what);
    }
  }

  void check_front() {
    LogFiles::Entry& front = files_.segments.front();
    if (!front.head) return;
    const SegmentHeader& header = front.head->segment.header;
    const bool at_start = header.ordinal == 0 && header.base_position == 0 &&
                          header.base_sequence == kFirstSequence.value;
    const Sequence first = words_.first_segment;
    if (first.value == 0 ? at_start : header.base_sequence == first.value) return;
    // Which segment is the first is on the disk before any mark behind it.
    const bool promised = files_.last_end != LastEnd::kSystemDied || words_.durable.bytes != 0;
    if (promised) damage(offsetof(ControlPage, first_segment), "the first segment is missing");
    blame(front, front.head->segment.base_position(), "the segments before it are missing");
  }

  void check_entry(std::size_t index) {
    LogFiles::Entry& entry = files_.segments[index];
    if (!entry.head) return check_headless(index);
    const SegmentHeader& header = entry.head->segment.header;
    const LogPosition base = entry.head->segment.base_position();
    if (!is_promised(files_, base)) entry.findings.soften();
    const LogFiles::Entry* before = index > 0 ? &files_.segments[index - 1] : nullptr;
    if (before == nullptr || !before->head) return;
    const char* broken = broken_link(before->head->segment.header, header);
    if (broken != nullptr) blame(entry, base, broken);
  }

  // After a crash of the system the last segments may have no header yet: nothing in them was
  // promised, if all that was lies before.
  void check_headless(std::size_t index) {
    if (files_.last_end != LastEnd::kSystemDied || files_.segments[index].newer) return;
    for (std::size_t i = index; i < files_.segments.size(); ++i) {
      if (files_.segments[i].head) return;
    }
    if (index == 0) {
      if (words_.durable.bytes == 0) files_.segments[0].findings.soften();
      return;
    }
    const std::optional<SegmentHead>& before = files_.segments[index - 1].head;
    bool behind_all_promised = !files_.segments[index - 1].findings.any_damage();
    if (before) {
      const SegmentHeader& header = before->segment.header;
      const std::uint64_t frames_end = before->seal ? before->seal->data_end : header.file_bytes;
      const LogPosition end = before->segment.position_of({frames_end});
      behind_all_promised = words_.durable <= end;
    }
    if (behind_all_promised) files_.segments[index].findings.soften();
  }

  // `last` is where the marks of what is written now must be.
  void check_end(const Segment& last) {
    const bool system_died = files_.last_end == LastEnd::kSystemDied;
    const LogPosition mark = system_died ? words_.durable : words_.committed;
    const std::uint64_t capacity = last.header.file_bytes - last.header.data_offset;
    // A log that was never synced, on purpose, has no durable mark.
    const bool below_all = mark.bytes != 0 && mark < front_position();
    const bool above_all =
        mark > last.base_position() && mark.bytes - last.header.base_position > capacity;
    if (above_all || (system_died ? below_all : mark < last.base_position())) {
      damage(system_died ? offsetof(ControlPage, durable) : offsetof(ControlPage, committed),
             system_died ? "the durable mark lies outside the segments"
                         : "the commit mark lies outside the last segment");
      return;
    }
    // Stored once the segment has its name: a crash in between leaves a segment without frames.
    const bool begun =
        words_.active_segment == last.base_sequence() ||
        (words_.active_segment < last.base_sequence() && last.base_position() == words_.committed);
    if (!begun && !system_died) {
      damage(offsetof(ControlPage, active_segment),
             "the segment said to be written is not the last one");
    }
  }

  [[nodiscard]] LogPosition front_position() const noexcept {
    const std::optional<SegmentHead>& front = files_.segments.front().head;
    return front ? front->segment.base_position() : LogPosition{};
  }

  void check_writers() {
    const SegmentHead* last = nullptr;
    for (const LogFiles::Entry& entry : files_.segments) {
      if (entry.head && entry.head->epochs_sound) last = &*entry.head;
    }
    // A crash of the system may keep the list in the segment and lose the count.
    if (last == nullptr || files_.last_end == LastEnd::kSystemDied) return;
    const std::uint64_t listed = last->epochs.back().epoch;
    if (words_.writer_epoch < listed) {
      damage(offsetof(ControlPage, writer_epoch), "a later writer is listed in the last segment");
    } else if (words_.writer_epoch - listed >= kWriterLeadMax) {
      damage(offsetof(ControlPage, writer_epoch),
             "the count of writers is far ahead of the last one listed");
    }
  }

  LogFiles& files_;
  const ControlWords& words_;
  const std::string& control_file_;
};

}  // namespace

void check_chain(LogFiles& files, const std::string& control_file) {
  ChainCheck(files, control_file).run();
}

bool is_promised(const LogFiles& files, LogPosition base) noexcept {
  return files.last_end != LastEnd::kSystemDied || base < files.control->durable;
}

}  // namespace millrace
