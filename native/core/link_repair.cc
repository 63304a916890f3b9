#include "core/link_repair.h"

#include <algorithm>
#include <utility>

#include "core/file.h"
#include "core/findings.h"
#include "core/paths.h"
#include "core/segment_check.h"
#include "core/segment_head.h"
#include "core/segment_salvage.h"
#include "core/segment_terms.h"

namespace millrace {

namespace {

// How it is known where the frames of a segment end.
enum class EndKnown : std::uint8_t {
  kExactly,      // what follows says so: the next segment, a seal, a mark of a log that was closed
  kAtLeast,      // frames below a mark were promised; there may be more
  kFramesAlone,  // nothing says so
};

class Repair {
 public:
  Repair(const LinkRepairContext& context, const LogLink& link)
      : context_(context), survey_(context.survey), link_(link), segment_(link.segment()) {
    find_end();
    find_marks();
  }

  Result<LinkRepair> run() {
    if (Result<void> read = salvage(); !read) return read.error();
    rewrite_.header = link_.header();
    rewrite_.writer_count = context_.writer_count;
    if (!salvage_.contradicts_writers && !lists_nobody()) rewrite_.writers = salvage_.writers;
    repair_.contradicts_mark = known_ == EndKnown::kAtLeast && link_.next == nullptr &&
                               (misses_mark() || is_mark_of_earlier_writer());
    rewrite_.end = salvage_.end;
    repair_.order = salvage_.order;
    repair_.ended = salvage_.shard_end;
    for (const Hole& hole : salvage_.holes) {
      if (Result<void> filled = fill_hole(hole); !filled) return filled.error();
    }
    if (Result<void> ended = end_frames(); !ended) return ended.error();
    count_records();
    lower_marks();
    repair_.tail = segment_.position_of(rewrite_.end);
    repair_.contradicts_mark = repair_.contradicts_mark || is_sealed_elsewhere();
    Result<bool> sound = is_sound_after_all();
    if (!sound) return sound.error();
    rewrite_.finished = link_.next != nullptr && !rewrite_.keep_rest && !repair_.tail_lost;
    rewrite_.seal = seal();
    place_writers();
    const bool sealed = link_.file->seal.has_value();
    if (!*sound) {
      repair_.rewrite = std::move(rewrite_);
    } else if (sealed && !rewrite_.seal && link_.next == nullptr) {
      repair_.unsealed = std::move(rewrite_);
    }
    return std::move(repair_);
  }

 private:
  [[nodiscard]] Error contradiction(const char* what) const {
    return Error{.code = Errc::kCorrupt,
                 .message = context_.folder + "/" + link_.file->name + ": " + what +
                            ": no loss explains that"};
  }

  // A segment that follows counts only if all before it was promised.
  [[nodiscard]] bool system_died_here() const noexcept {
    if (!survey_.page_believed || survey_.last_end != LastEnd::kSystemDied) return false;
    return link_.next == nullptr || survey_.words->durable.bytes < link_.next->base_position;
  }

  void find_marks() {
    if (!survey_.words) return;
    const std::array marks{survey_.words->durable, survey_.words->indexed};
    for (std::size_t i = 0; i < marks.size(); ++i) {
      if (link_.holds(marks[i])) terms_.marks[i] = segment_.offset_of(marks[i]);
    }
  }

  void lower_marks() {
    for (std::size_t i = 0; i < terms_.marks.size(); ++i) {
      const std::optional<FileOffset>& mark = terms_.marks[i];
      const FileOffset below = salvage_.marks_below[i];
      const bool inside = mark && *mark > below && *mark < rewrite_.end;
      if (inside) repair_.lower_marks[i] = segment_.position_of(below);
    }
  }

  void find_end() {
    terms_.header = &link_.header();
    terms_.writers = link_.file->writers;
    if (link_.next != nullptr) terms_.next_base = Sequence{link_.next->base_sequence};
    terms_.limit = {link_.header().file_bytes};
    const bool believed = survey_.page_believed;
    const bool closed = survey_.last_end == LastEnd::kClosed;
    if (system_died_here() && link_.holds(survey_.words->durable)) {
      known_ = EndKnown::kAtLeast;
      terms_.resync_to = segment_.offset_of(survey_.words->durable);
      terms_.next_base.reset();
    } else if (link_.next != nullptr && link_.adjoins) {
      end_exactly(segment_.offset_of({link_.next->base_position}));
    } else if (link_.file->seal && (link_.next != nullptr || link_.is_ended())) {
      end_exactly({link_.file->seal->data_end});
    } else if (link_.next == nullptr && believed && link_.holds(survey_.words->committed)) {
      const FileOffset mark = segment_.offset_of(survey_.words->committed);
      known_ = EndKnown::kAtLeast;
      terms_.resync_to = mark;
      if (closed) end_exactly(mark);
    } else {
      terms_.resync_to = terms_.limit;
    }
  }

  void end_exactly(FileOffset end) noexcept {
    known_ = EndKnown::kExactly;
    terms_.resync_to = terms_.limit = end;
  }

  // Frames decide whether the list of writers is right, which has no checksum. Only where nothing
  // else tells the end of the log, the list may: behind that may lie whole frames which an earlier
  // crash of the system had cut off.
  Result<void> salvage() {
    const std::string directory = join_path(context_.root, context_.folder);
    Result<File> file =
        File::open(context_.env, join_path(directory, link_.file->name), OpenMode::kRead);
    if (!file) return file.error();
    ChunkReader reader(*file, context_.buffer, context_.meter);
    for (;;) {
      Result<Salvage> salvage = salvage_segment(reader, terms_);
      if (!salvage) return salvage.error();
      salvage_ = std::move(*salvage);
      if (terms_.writers.empty() || terms_.writers_bind || !list_may_know_better()) return {};
      terms_.writers_bind = true;
    }
  }

  [[nodiscard]] bool misses_mark() const noexcept {
    return salvage_.end >= terms_.resync_to && !salvage_.meets_mark;
  }

  // Writers begin where the mark is, which only rises until the system goes down. Frames that are
  // whole, and of the writer listed there, say that it is not the list that is wrong.
  [[nodiscard]] bool is_mark_of_earlier_writer() const noexcept {
    if (system_died_here()) return false;
    return std::ranges::any_of(rewrite_.writers, [this](const EpochStart& writer) {
      return writer.offset > terms_.resync_to.bytes;
    });
  }

  // The end of a log is sealed once it is committed: a mark that is not there, lost its value.
  [[nodiscard]] bool is_sealed_elsewhere() const noexcept {
    const bool tells = link_.next == nullptr && link_.is_ended() && !system_died_here();
    return tells && survey_.words && survey_.words->committed != repair_.tail;
  }

  // A writer that the log has not had yet: frames keep only part of its number.
  [[nodiscard]] bool lists_nobody() const noexcept {
    const std::vector<EpochStart>& writers = link_.file->writers;
    return survey_.page_believed && !writers.empty() &&
           writers.back().epoch > survey_.words->writer_epoch;
  }

  [[nodiscard]] bool list_may_know_better() const noexcept {
    if (!salvage_.contradicts_writers) return !salvage_.holes.empty();
    if (known_ != EndKnown::kFramesAlone || salvage_.contradicts_first) return false;
    const bool at_mark = survey_.words && salvage_.holes.empty() &&
                         survey_.words->committed == segment_.position_of(salvage_.end);
    return !at_mark;
  }

  [[nodiscard]] std::uint16_t epoch_of(FileOffset at, std::uint16_t otherwise) const noexcept {
    // Where nothing is left, and no list: some writer wrote it.
    if (rewrite_.writers.empty()) return std::max<std::uint16_t>(1, otherwise);
    return static_cast<std::uint16_t>(epoch_at(rewrite_.writers, at));
  }

  Result<void> fill(const Filling& whole) {
    std::optional<std::vector<Filling>> gaps = fill_with_gaps(whole);
    if (!gaps) return contradiction("numbers are missing where there is no room for their frames");
    // Writers may have begun in between: from the next gap on they are the ones.
    for (Filling& gap : *gaps) gap.epoch = epoch_of(gap.from, whole.epoch);
    rewrite_.fillings.insert(rewrite_.fillings.end(), gaps->begin(), gaps->end());
    return {};
  }

  void lose(const Filling& whole, std::optional<Sequence> last, std::optional<ArrivalTime> latest) {
    const std::uint64_t bytes = whole.to.bytes - whole.from.bytes;
    repair_.lost.push_back({.first = whole.first,
                            .last = last,
                            .records = {},
                            .earliest = whole.arrival,
                            .latest = latest,
                            .file = context_.folder + "/" + link_.file->name,
                            .offset = whole.from.bytes,
                            .bytes = bytes});
  }

  Result<void> fill_hole(const Hole& hole) {
    const Filling whole{.from = hole.from,
                        .to = hole.to,
                        .first = hole.before.next,
                        .last = {hole.next.value - 1},
                        .arrival = hole.before.arrival,
                        .epoch = epoch_of(hole.from, hole.before.epoch)};
    lose(whole, whole.last, hole.arrival);
    return fill(whole);
  }

  // What is lost behind the last frame that was found.
  Result<void> end_frames() {
    Filling rest{.from = salvage_.end,
                 .to = terms_.resync_to,
                 .first = salvage_.order.next,
                 .last = {},
                 .arrival = salvage_.order.arrival,
                 .epoch = epoch_of(salvage_.end, salvage_.order.epoch)};
    const bool reached = rest.from >= rest.to;
    if (known_ == EndKnown::kAtLeast) rewrite_.keep_rest = reached;
    if (known_ == EndKnown::kFramesAlone) return {};
    if (known_ == EndKnown::kExactly && link_.adjoins) return meet_next(rest, reached);
    if (reached) return {};
    if (link_.next != nullptr) {
      rest.last = {link_.file->seal->last_sequence};
      return fill_rest(rest, {link_.file->seal->last_arrival_ms});
    }
    if (salvage_.shard_end) return {};
    const bool flagged =
        known_ == EndKnown::kExactly && survey_.words && survey_.words->sealed == 1;
    if (link_.is_ended() || flagged) return end_again(rest);
    lose(rest, std::nullopt, std::nullopt);
    repair_.tail_lost = true;
    repair_.lost_bytes = rest.to.bytes - rest.from.bytes;
    return {};
  }

  Result<void> meet_next(Filling rest, bool reached) {
    rest.last = {link_.next->previous_sequence};
    if (!reached) return fill_rest(rest, {link_.next->previous_arrival_ms});
    if (rest.first.value == link_.next->base_sequence) return {};
    return contradiction("its numbers end before those of the next segment begin");
  }

  Result<void> fill_rest(Filling rest, ArrivalTime last_arrival) {
    lose(rest, rest.last, last_arrival);
    rest.arrival = std::max(rest.arrival, last_arrival);
    rewrite_.end = rest.to;
    repair_.order = {{rest.last.value + 1}, rest.arrival, rest.epoch};
    return fill(rest);
  }

  // The log had ended. The seal knows with which number; without it, no higher one was used.
  Result<void> end_again(Filling rest) {
    const std::uint64_t bytes = rest.to.bytes - rest.from.bytes;
    if (bytes < kFrameHeaderBytes) return contradiction("its seal does not fit its frames");
    Filling end = rest;
    end.type = FrameType::kShardEnd;
    end.from = {rest.to.bytes - kFrameHeaderBytes};
    end.epoch = epoch_of(end.from, rest.epoch);
    end.last = rest.first;
    if (const std::optional<SegmentSeal>& seal = link_.file->seal) {
      end.last = {seal->last_sequence};
      end.arrival = std::max(rest.arrival, ArrivalTime{seal->last_arrival_ms});
    } else if (end.from > rest.from) {
      end.last = std::max(Sequence{rest.first.value + 1},
                          Sequence{survey_.words->reserved_sequence.value - 1});
    }
    end.first = end.last;
    if (end.from > rest.from || end.first != rest.first) {
      rest.to = end.from;
      rest.last = {end.first.value - 1};
      lose(rest, rest.last, end.arrival);
      if (Result<void> filled = fill(rest); !filled) return filled;
    }
    rewrite_.fillings.push_back(end);
    rewrite_.end = end.to;
    repair_.order = {{end.first.value + 1}, end.arrival, end.epoch};
    repair_.ended = true;
    return {};
  }

  // Damage to the control page, or to a neighbour, may have made the segment look wrong; or sound,
  // while less was asked of it than the page will say that is made anew.
  [[nodiscard]] Result<bool> is_sound_after_all() const {
    const SurveyedSegment& file = *link_.file;
    if (file.header_mended || !file.has_full_size() || !repair_.lost.empty()) return false;
    if (!rewrite_.fillings.empty()) return false;
    Findings findings;
    const std::string path = join_path(join_path(context_.root, context_.folder), link_.file->name);
    const Result<SegmentHead> head =
        read_segment_head(context_.env, path, {}, link_.file->name, findings);
    if (!head) findings.unreadable(link_.file->name, 0, head.error(), head.error().message);
    if (findings.failed_read()) return *findings.failed_read();
    if (findings.any_damage()) return false;
    SegmentTerms terms;
    terms.promised = terms.indexed = rewrite_.end;
    terms.end = rewrite_.end;
    terms.finished = link_.next != nullptr && !rewrite_.keep_rest;
    // The new page may say so of a log that has ended, or whose mark is where its frames end; of no
    // other.
    const bool is_at_mark = survey_.words && survey_.words->committed == repair_.tail;
    terms.settled = !rewrite_.keep_rest && (repair_.ended || is_at_mark);
    check_segment(context_.env, *head, terms, link_.file->name, context_.buffer, context_.meter,
                  findings);
    if (findings.failed_read()) return *findings.failed_read();
    return !findings.any_damage();
  }

  // A seal counts records: if all lost numbers are in one range, it is known how many of them were.
  void count_records() {
    const std::optional<SegmentSeal>& seal = link_.file->seal;
    if (!seal || repair_.lost.size() != 1 || seal->records < salvage_.records) return;
    repair_.lost.front().records = seal->records - salvage_.records;
  }

  [[nodiscard]] std::optional<SealReason> seal() const {
    if (link_.next == nullptr) {
      return link_.is_ended() && repair_.ended ? std::optional(SealReason::kShardEnd)
                                               : std::nullopt;
    }
    if (!rewrite_.finished) return std::nullopt;
    const std::optional<SegmentSeal>& seal = link_.file->seal;
    return seal ? static_cast<SealReason>(seal->reason) : SealReason::kRecovery;
  }

  // Listed writers who began where no frame begins any more, begin with the next.
  void place_writers() {
    for (EpochStart& writer : rewrite_.writers) {
      for (const Filling& filling : rewrite_.fillings) {
        const bool inside = writer.offset > filling.from.bytes && writer.offset < filling.to.bytes;
        if (inside) writer.offset = filling.to.bytes;
      }
      if (!rewrite_.keep_rest) writer.offset = std::min(writer.offset, rewrite_.end.bytes);
    }
  }

  const LinkRepairContext& context_;
  const LogSurvey& survey_;
  const LogLink& link_;
  const Segment segment_;
  EndKnown known_ = EndKnown::kFramesAlone;
  SalvageTerms terms_{};
  Salvage salvage_;
  RewriteTerms rewrite_;
  LinkRepair repair_;
};

}  // namespace

Result<LinkRepair> repair_link(const LinkRepairContext& context, const LogLink& link) {
  return Repair(context, link).run();
}

}  // namespace millrace
