#include "core/log_check.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/log_chain.h"
#include "core/log_terms.h"
#include "core/segment_check.h"

namespace millrace {

namespace {

// How often a segment is checked that seems damaged while its log is being written.
constexpr int kLooksMax = 3;

class LogCheck {
 public:
  LogCheck(Env& env, const LogPlace& place, ChunkBuffer& buffer, ScanMeter& meter,
           Findings& findings)
      : env_(env),
        place_(place),
        buffer_(buffer),
        meter_(meter),
        findings_(findings),
        files_(read_steady_log_files(env, place)) {}

  LogReport run() {
    LogReport report = report_of(files_, place_);
    findings_.add_all(files_.findings);
    std::vector<std::string> names;
    for (const LogFiles::Entry& entry : files_.segments) names.push_back(entry.file);
    for (const std::string& name : names) {
      if (meter_.stopped()) break;
      const std::optional<FramesReport> frames = check_steady(name);
      for (SegmentReport& segment : report.segments) {
        if (segment.file == name) segment.frames = frames;
      }
    }
    if (!meter_.stopped()) check_trim();
    return report;
  }

 private:
  std::optional<FramesReport> check_steady(const std::string& name) {
    for (int look = 1;; ++look) {
      const auto entry = std::ranges::find(files_.segments, name, &LogFiles::Entry::file);
      if (entry == files_.segments.end()) return std::nullopt;  // trimmed meanwhile
      Findings found = entry->findings;
      const std::optional<LogTail> before = tail_;
      const std::optional<FramesReport> frames =
          check(static_cast<std::size_t>(entry - files_.segments.begin()), found);
      const bool doubtful = found.any_damage() && look < kLooksMax && !meter_.stopped();
      if (!doubtful || !has_moved()) {
        findings_.add_all(std::move(found));
        return frames;
      }
      tail_ = before;
    }
  }

  // Looks at the folder again: has the writer been there?
  bool has_moved() {
    LogFiles again = read_steady_log_files(env_, place_);
    const bool live = place_.in_use && again.last_end == LastEnd::kProcessDied;
    const bool moved = live || !files_.same_as(again);
    files_ = std::move(again);
    return moved;
  }

  std::optional<FramesReport> check(std::size_t index, Findings& found) {
    const LogFiles::Entry& entry = files_.segments[index];
    if (!entry.head) {
      check_headless(index, found);
      return std::nullopt;
    }
    if (tail_ && tail_->ends_before(*entry.head)) {
      found.soften();
      found.notice(entry.file, 0, "lies behind a torn tail; the next writer sets it aside");
      return std::nullopt;
    }
    const SegmentTerms terms = terms_of(files_, index, place_.in_use);
    Findings inside;
    const SegmentWalk walk =
        check_segment(env_, *entry.head, terms, entry.file, buffer_, meter_, inside);
    check_marks(terms, walk, inside);
    next_ = walk.order.next;
    ended_ = walk.shard_end;
    if (!terms.end && files_.last_end == LastEnd::kSystemDied) {
      tail_ = LogTail{entry.head->segment.position_of(walk.frames.end), walk.order.next,
                      walk.order.arrival};
    } else {
      check_end(index, terms, walk, inside);
    }
    if (!is_promised(files_, entry.head->segment.base_position())) inside.soften();
    found.add_all(std::move(inside));
    return walk.frames;
  }

  // A crash of the system may leave such behind everything that was promised; the log ends there.
  void check_headless(std::size_t index, Findings& found) {
    if (files_.last_end != LastEnd::kSystemDied || !files_.control) return;
    if (index == 0) tail_ = LogTail{{}, kFirstSequence, {}};
    const bool newer = files_.segments[index].newer;
    if (tail_ && files_.control->durable <= tail_->position && !newer) found.soften();
  }

  void check_marks(const SegmentTerms& terms, const SegmentWalk& walk, Findings& found) const {
    // Behind a walk that did not know its end, nobody knows where frames begin.
    const auto is_missed = [&](std::size_t mark) {
      const std::optional<FileOffset>& at = terms.marks[mark];
      return at && !walk.marks_met[mark] && (terms.end || *at < walk.frames.end);
    };
    if (!walk.whole) return;
    constexpr std::size_t kDurable = SegmentTerms::kDurable;
    constexpr std::size_t kIndexed = SegmentTerms::kIndexed;
    if (is_missed(kDurable)) {
      found.damage(place_.file("ctl"), offsetof(ControlPage, durable),
                   "the durable mark lies inside a frame");
    }
    if (is_missed(kIndexed)) {
      found.damage(place_.file("ctl"), offsetof(ControlPage, indexed),
                   "the index mark lies inside a frame");
    }
  }

  // What the end of a segment says about what comes behind it: another segment, or nothing.
  void check_end(std::size_t index, const SegmentTerms& terms, const SegmentWalk& walk,
                 Findings& found) const {
    if (!walk.whole) return;
    if (!terms.finished) {
      if (files_.control && terms.end) check_last(files_.segments[index], terms, walk, found);
      return;
    }
    const LogFiles::Entry& next = files_.segments[index + 1];
    if (walk.shard_end) found.damage(next.file, 0, "a segment behind the end of the shard");
    if (!next.head || !terms.end) return;
    const SegmentHeader& header = next.head->segment.header;
    const bool agrees =
        header.previous_sequence == walk.frames.last_sequence.value &&
        header.previous_arrival_ms == std::max<std::int64_t>(0, walk.frames.last_arrival.ms);
    if (!agrees) found.damage(next.file, 0, "its header contradicts the last frame before it");
  }

  void check_last(const LogFiles::Entry& entry, const SegmentTerms& terms, const SegmentWalk& walk,
                  Findings& found) const {
    const ControlWords& words = *files_.control;
    const std::string ctl = place_.file("ctl");
    const Sequence next = walk.order.next;
    if (words.trim_sequence > next && files_.last_end != LastEnd::kSystemDied) {
      found.damage(ctl, offsetof(ControlPage, trim_sequence),
                   "records are trimmed that were never stored");
    }
    if (terms.settled && words.reserved_sequence < next) {
      found.damage(ctl, offsetof(ControlPage, reserved_sequence),
                   "sequence numbers are used that were not reserved");
    }
    if (walk.shard_end && words.sealed == 0 && terms.settled) {
      found.damage(ctl, offsetof(ControlPage, sealed), "the shard has ended without the seal flag");
    } else if (walk.shard_end && words.sealed == 0 && !terms.live) {
      // Frames that are written by calls are committed before the flag is set.
      found.notice(ctl, offsetof(ControlPage, sealed), "the shard has ended; its flag is not set");
    } else if (!walk.shard_end && words.sealed != 0 && terms.settled) {
      found.damage(ctl, offsetof(ControlPage, sealed), "the seal flag, but no end of the shard");
    } else if (!walk.shard_end && words.sealed != 0 && !terms.live) {
      found.notice(ctl, offsetof(ControlPage, sealed), "the shard was about to end");
    }
    if (entry.head->seal && !walk.shard_end && files_.last_end != LastEnd::kSystemDied) {
      found.damage(entry.file, kSealOffset, "is sealed, but no segment follows");
    }
  }

  // After a crash of the system records may be gone that were trimmed before, but no number was
  // used that was not reserved. Where none was, because nothing is ever synced, nobody can tell.
  void check_trim() const {
    if (!files_.control) return;
    const ControlWords& words = *files_.control;
    if (files_.last_end != LastEnd::kSystemDied) {
      // Held against the last segment's frames, if there is one.
      const bool any = words.trim_sequence > kFirstSequence;
      if (any && files_.segments.empty()) blame_trim();
      return;
    }
    if (!ended_ && words.reserved_sequence.value == 0) return;
    const Sequence trimmed =
        std::max(words.first_segment, std::min(words.trim_sequence, Sequence{~words.trim_check}));
    if (trimmed > (ended_ ? next_ : std::max(next_, words.reserved_sequence))) blame_trim();
  }

  void blame_trim() const {
    findings_.damage(place_.file("ctl"), offsetof(ControlPage, trim_sequence),
                     "records are trimmed that were never stored");
  }

  Env& env_;
  const LogPlace& place_;
  ChunkBuffer& buffer_;
  ScanMeter& meter_;
  Findings& findings_;
  LogFiles files_;
  // Where the log ends, when only its frames say so; the segments before have been walked.
  std::optional<LogTail> tail_;
  // Of the frames that were walked.
  Sequence next_ = kFirstSequence;
  bool ended_ = false;
};

}  // namespace

LogReport check_log(Env& env, const LogPlace& place, ChunkBuffer& buffer, ScanMeter& meter,
                    Findings& findings) {
  return LogCheck(env, place, buffer, meter, findings).run();
}

}  // namespace millrace
