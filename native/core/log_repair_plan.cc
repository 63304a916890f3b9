#include "core/log_repair_plan.h"

#include <algorithm>
#include <utility>

#include "core/frame.h"
#include "core/gap_segments.h"
#include "core/last_end.h"
#include "core/link_repair.h"
#include "core/log_links.h"
#include "core/rebuilt_control.h"

namespace millrace {

namespace {

class Planner {
 public:
  Planner(const LogPlace& place, const LogSurvey& survey, LinkRepairContext& context)
      : place_(place), survey_(survey), context_(context) {}

  Result<LogRepairPlan> run() {
    Result<std::vector<LogLink>> links = link_segments(survey_);
    if (!links) return links.error();
    links_ = std::move(*links);
    count_writers();
    note_missing_front();
    sort_out_headless();
    for (const LogLink& link : links_) {
      if (!was_promised(link)) break;
      if (Result<void> repaired = repair(link); !repaired) return repaired.error();
      if (tail_.tail_lost) break;
    }
    note_missing_end();
    mark();
    lower_marks();
    unseal();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool system_died() const noexcept {
    return survey_.page_believed && survey_.last_end == LastEnd::kSystemDied;
  }

  // What a system that went down had not synced, the next writer sorts out.
  [[nodiscard]] bool was_promised(const LogLink& link) const noexcept {
    const bool leads = link.file == links_.front().file;
    return !system_died() || leads || link.header().base_position < survey_.words->durable.bytes;
  }

  // After a crash of the system verify asks less. Marks that count nothing as promised may be what
  // is damaged, and those that take their place will promise everything; and what lies behind a
  // damaged header was taken for something that nobody promised.
  [[nodiscard]] bool asks_less() const noexcept {
    if (!survey_.words || survey_.last_end != LastEnd::kSystemDied) return false;
    return !survey_.page_believed ||
           std::ranges::any_of(survey_.segments, [](const SurveyedSegment& segment) {
             return !segment.header || segment.header_mended;
           });
  }

  void count_writers() {
    if (survey_.words) context_.writer_count = survey_.words->writer_epoch;
    for (const LogLink& link : links_) {
      if (!link.file->writers.empty()) last_writer_ = link.file->writers.back().epoch;
    }
    if (survey_.page_believed) last_writer_ = std::min(last_writer_, context_.writer_count);
    const std::uint64_t ahead = context_.writer_count - last_writer_;
    if (context_.writer_count < last_writer_ || (last_writer_ > 0 && ahead >= kWriterLeadMax)) {
      context_.writer_count = last_writer_;
    }
  }

  // A log whose first segments are gone begins with the first one left: what lay before counts as
  // trimmed. Without a page nobody knows whether it was.
  void note_missing_front() {
    if (links_.empty()) return;
    const SegmentHeader& front = links_.front().header();
    const Sequence base{front.base_sequence};
    if (front.ordinal == 0 || !survey_.words || survey_.words->first_segment == base) return;
    const Sequence hidden =
        std::min(survey_.words->trim_sequence, Sequence{~survey_.words->trim_check});
    front_lost_ = true;
    if (hidden >= base && !survey_.page_believed) return;
    plan_.lost.push_back({.first = std::max(kFirstSequence, survey_.words->first_segment),
                          .last = Sequence{base.value - 1},
                          .records = {},
                          .earliest = {},
                          .latest = ArrivalTime{front.previous_arrival_ms},
                          .file = place_.folder,
                          .offset = 0,
                          .bytes = 0});
  }

  Result<void> repair(const LogLink& link) {
    const SurveyedSegment& file = *link.file;
    const bool page_tells = survey_.page_believed && link.holds(survey_.words->committed);
    const bool sets_the_end = link.next == nullptr && (!page_tells || end_is_missing_);
    const bool is_before_missing = link.next != nullptr && !link.adjoins;
    const bool doubtful = file.damaged || file.header_mended || !file.has_full_size() ||
                          link.next_mended || asks_less();
    if (!doubtful && !sets_the_end && !is_before_missing) return {};
    Result<LinkRepair> repair = repair_link(context_, link);
    if (!repair) return repair.error();
    tail_ = std::move(*repair);
    plan_.lost.insert(plan_.lost.end(), tail_.lost.begin(), tail_.lost.end());
    if (tail_.rewrite) {
      plan_.rewrite.push_back({.name = file.name,
                               .terms = std::move(*tail_.rewrite),
                               .has_source = true,
                               .is_there = true});
    }
    if (tail_.lower_marks[0]) lower_durable_ = tail_.lower_marks[0];
    if (tail_.lower_marks[1]) lower_indexed_ = tail_.lower_marks[1];
    end_was_read_ = link.next == nullptr && !tail_.tail_lost;
    count_writer(tail_.order.epoch);
    return is_before_missing && !tail_.tail_lost ? bridge(link) : Result<void>{};
  }

  // The list may say how many there were before the last one of the frames, but only as far as
  // frames could have told.
  void count_writer(std::uint16_t epoch) noexcept {
    if (epoch == 0) return;
    const std::uint64_t writer = whole_epoch(epoch, context_.writer_count);
    const bool is_near = last_writer_ < writer || last_writer_ - writer < kWriterLeadMax;
    last_writer_ = is_near ? std::max(last_writer_, writer) : writer;
  }

  Result<void> bridge(const LogLink& link) {
    Result<std::vector<RewriteTerms>> segments =
        gap_segments({.identity = survey_.identity,
                      .before = &link.header(),
                      .after = link.next,
                      .tail = tail_.tail,
                      .order = tail_.order,
                      .writer_count = context_.writer_count});
    if (!segments) return segments.error();
    plan_.lost.push_back({.first = tail_.order.next,
                          .last = Sequence{link.next->previous_sequence},
                          .records = {},
                          .earliest = tail_.order.arrival,
                          .latest = ArrivalTime{link.next->previous_arrival_ms},
                          .file = place_.folder,
                          .offset = 0,
                          .bytes = link.next->base_position - tail_.tail.bytes});
    for (RewriteTerms& terms : *segments) {
      const std::string name = segment_name({terms.header.base_sequence});
      // A file of this name is replaced where it lies.
      const bool there = std::erase(plan_.remove_first, name) > 0;
      plan_.rewrite.push_back({.name = name, .terms = std::move(terms), .is_there = there});
    }
    return {};
  }

  // Files whose headers are beyond mending.
  void sort_out_headless() {
    for (const SurveyedSegment& file : survey_.segments) {
      if (file.header) continue;
      const bool behind = links_.empty() || file.named_base > links_.back().file->named_base;
      if (!behind) {
        plan_.remove_first.push_back(file.name);
      } else if (!is_unpromised()) {
        plan_.remove_last.push_back(file.name);
        end_is_missing_ = true;
        lost_from_ = std::max(lost_from_, file.named_base);
        lost_bytes_ += file.file_bytes;
      }
    }
  }

  // Begun behind the last sync before the system went down.
  [[nodiscard]] bool is_unpromised() const noexcept {
    return system_died() && !links_.empty() && links_.back().holds(survey_.words->durable);
  }

  // A page that names a later segment, and frames behind all that there are, tells of a file that
  // is gone.
  void note_missing_end() {
    if (survey_.words && !tail_.tail_lost) {
      const ControlWords& words = *survey_.words;
      const Sequence last = links_.empty() ? Sequence{} : links_.back().file->named_base;
      const bool gone = words.active_segment > last;
      // Two marks that agree: one alone may be what is damaged.
      const bool cut = !survey_.page_believed && words.durable > tail_.tail;
      if (words.committed > tail_.tail && (gone || cut) && !system_died()) {
        end_is_missing_ = true;
        if (gone) lost_from_ = std::max(lost_from_, words.active_segment);
      }
    }
    if (!end_is_missing_) return;
    const std::string file =
        plan_.remove_last.empty() ? place_.folder : place_.file(plan_.remove_last.front());
    plan_.lost.push_back({.first = tail_.order.next,
                          .last = {},
                          .records = {},
                          .earliest = {},
                          .latest = {},
                          .file = file,
                          .offset = 0,
                          .bytes = lost_bytes_});
  }

  // Where several frames make room for others, a mark that lay between two of them may lie inside
  // one: a lower one is as true.
  void lower_marks() {
    if (!survey_.words) return;
    ControlWords words = plan_.words.value_or(*survey_.words);
    if (words.durable == survey_.words->durable && lower_durable_) words.durable = *lower_durable_;
    if (words.indexed == survey_.words->indexed && lower_indexed_) words.indexed = *lower_indexed_;
    words.indexed = std::min(words.indexed, words.durable);
    for (const LogRepairPlan::Rewriting& rewriting : plan_.rewrite) {
      const Segment segment{rewriting.name, rewriting.terms.header};
      for (const Filling& filling : rewriting.terms.fillings) {
        const LogPosition from = segment.position_of(filling.from);
        const LogPosition to = segment.position_of(filling.to);
        for (LogPosition* mark : {&words.durable, &words.indexed}) {
          if (*mark > from && *mark < to) *mark = from;
        }
      }
    }
    if (words != *survey_.words) plan_.words = words;
  }

  // Verify holds the page to the last segment's frames only where they are whole.
  [[nodiscard]] bool contradicts_frames() const noexcept {
    if (tail_.contradicts_mark) return true;
    if (!end_was_read_ || system_died() || !survey_.page_believed) return false;
    const ControlWords& words = *survey_.words;
    const bool closed = survey_.last_end == LastEnd::kClosed;
    return words.trim_sequence > tail_.order.next ||
           (closed && words.reserved_sequence < tail_.order.next) ||
           (closed && (words.sealed == 1) != tail_.ended) || contradicts_last();
  }

  // Verify holds the page to a last segment only whose header and length it can believe.
  [[nodiscard]] bool contradicts_last() const noexcept {
    const ControlWords& words = *survey_.words;
    const LogLink& last = links_.back();
    const Sequence base = last.file->named_base;
    const bool fresh = last.header().base_position == words.committed.bytes;
    const bool begun = words.active_segment == base || (words.active_segment < base && fresh);
    const bool far = last_writer_ > 0 && words.writer_epoch >= last_writer_ + kWriterLeadMax;
    return !begun || far || !last.holds(words.committed);
  }

  void mark() {
    const bool contradicted = contradicts_frames();
    const bool believed = survey_.page_believed && !contradicted;
    const bool end_changes = !believed || tail_.tail_lost || end_is_missing_;
    if (!end_changes && !front_lost_) return;
    if (!end_changes) {
      ControlWords words = *survey_.words;
      words.first_segment = {links_.front().header().base_sequence};
      words.trim_sequence = std::max(words.trim_sequence, words.first_segment);
      words.trim_check = ~words.trim_sequence.value;
      plan_.words = words;
      return;
    }
    LogFacts facts;
    facts.words = survey_.words;
    facts.believed = believed;
    // What a writer that died had begun behind the last frame may have been left as it is.
    const bool is_kept = survey_.page_believed && contradicted;
    facts.same_boot = survey_.words && survey_.words->boot_hash == place_.boot_hash && !is_kept;
    if (!links_.empty()) {
      facts.front = links_.front().segment();
      facts.active = last_kept();
    }
    facts.tail = tail_.tail;
    facts.next = tail_.order.next;
    facts.tail_lost = tail_.tail_lost || end_is_missing_;
    facts.lost_bytes = tail_.lost_bytes + lost_bytes_;
    facts.lost_from = lost_from_;
    facts.last_writer = last_writer_;
    facts.ended = tail_.ended && !facts.tail_lost;
    plan_.words = rebuild_words(facts);
    plan_.resumes_at = plan_.words->reserved_sequence;
  }

  // A seal says that another segment follows, or that the log has ended. Only after a crash of the
  // system may it stay where neither is so.
  void unseal() {
    if (!tail_.unsealed) return;
    const ControlWords& words = plan_.words ? *plan_.words : *survey_.words;
    if (last_end_of(words, place_.boot_hash) == LastEnd::kSystemDied) return;
    plan_.rewrite.push_back({.name = links_.back().file->name,
                             .terms = std::move(*tail_.unsealed),
                             .has_source = true,
                             .is_there = true});
  }

  // The segment that the tail lies in.
  [[nodiscard]] Sequence last_kept() const noexcept {
    for (auto link = links_.rbegin(); link != links_.rend(); ++link) {
      if (link->header().base_position <= tail_.tail.bytes) return link->file->named_base;
    }
    return links_.front().file->named_base;
  }

  const LogPlace& place_;
  const LogSurvey& survey_;
  LinkRepairContext& context_;
  std::vector<LogLink> links_;
  LogRepairPlan plan_;
  LinkRepair tail_;                           // of the last link that was looked at
  bool end_was_read_ = false;                 // and that was the last one of all
  std::optional<LogPosition> lower_durable_;  // of marks that lie inside what is no frame any more
  std::optional<LogPosition> lower_indexed_;
  bool front_lost_ = false;       // segments before the first one that is left
  bool end_is_missing_ = false;   // segments behind the last one that is left
  std::uint64_t lost_bytes_ = 0;  // in them, at most
  Sequence lost_from_;            // the latest number that is known to have been used there
  std::uint64_t last_writer_ = 0;
};

}  // namespace

Result<LogRepairPlan> plan_log_repair(Env& env, const LogPlace& place, const LogSurvey& survey,
                                      ChunkBuffer& buffer, ScanMeter& meter) {
  LinkRepairContext context{.env = env,
                            .root = place.root,
                            .folder = place.folder,
                            .survey = survey,
                            .buffer = buffer,
                            .meter = meter};
  return Planner(place, survey, context).run();
}

}  // namespace millrace
