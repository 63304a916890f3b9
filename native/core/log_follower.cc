#include "core/log_follower.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/segment_list.h"

namespace millrace {

namespace {

// A writer seldom rolls, trims or takes over: more looks than one are rare, more than two are luck.
constexpr int kFollowLooksMax = 6;

// Whether an answer may come of files that the writer has replaced or removed meanwhile.
bool may_be_stale(const Error& error) noexcept {
  return error.code == Errc::kCorrupt || error.code == Errc::kNotFound;
}

}  // namespace

// A page that is damaged and has no segments beside it is one that is being made, or that a crash
// left half made.
Result<std::shared_ptr<const ControlView>> LogFollower::open_view(Env& env,
                                                                  const std::string& directory,
                                                                  const LogIdentity& identity,
                                                                  std::uint64_t boot_hash) {
  Result<std::shared_ptr<const ControlView>> view =
      ControlView::open(env, directory, identity, boot_hash);
  if (view) return view;
  if (view.error().code == Errc::kNotFound) return std::shared_ptr<const ControlView>();
  if (view.error().code != Errc::kCorrupt) return view;
  Result<std::vector<std::string>> names = list_segment_names(env, directory);
  if (names && names->empty()) return std::shared_ptr<const ControlView>();
  return view;
}

LogFollower::LogFollower(FollowerContext context, std::string directory,
                         const LogIdentity& identity)
    : context_(std::move(context)), directory_(std::move(directory)), identity_(identity) {}

Result<bool> LogFollower::begin() {
  if (control_ != nullptr) return true;
  Result<std::shared_ptr<const ControlView>> view =
      open_view(*context_.env, directory_, identity_, context_.boot_hash);
  if (!view) return view.error();
  if (*view == nullptr) return false;
  control_ = std::move(*view);
  reader_.emplace(*context_.env, context_.cache, directory_, identity_, control_, SegmentList{});
  return true;
}

TailSource LogFollower::source() const {
  if (control_ != nullptr) return {context_.env, control_, nullptr};
  return {context_.env, nullptr,
          [env = context_.env, directory = directory_, identity = identity_,
           boot_hash = context_.boot_hash] {
            const Result<std::shared_ptr<const ControlView>> view =
                open_view(*env, directory, identity, boot_hash);
            return !view || *view != nullptr;  // a failure is for the reader to see
          },
          context_.herald ? context_.herald() : nullptr};
}

void LogFollower::follow() {
  const ControlPage& page = control_->page();
  // Acquire throughout: a writer stores these words before the marks and removals that they are
  // about. Another writer may have put segments in the place of ones without frames.
  const std::uint64_t epoch = page.writer_epoch.load(std::memory_order_acquire);
  if (std::exchange(epoch_, epoch) != epoch) forget();
  const Sequence kept = control_->first_kept();
  const SegmentList& segments = reader_->segments();
  if (segments.empty() || segments.front().base_sequence() >= kept) return;
  // A number that no segment begins with has lost a bit, or belongs to one that is not known yet.
  if (segments[segments.index_of(kept)].base_sequence() != kept) return;
  // Their space is free once nobody has them mapped.
  for (const std::string& path : reader_->drop_before(kept)) context_.cache->forget(path);
}

void LogFollower::forget() {
  const SegmentList& segments = reader_->segments();
  for (std::size_t i = 0; i < segments.size(); ++i) context_.cache->forget(segments[i].path);
  ended_at_ = {};
  reader_.emplace(*context_.env, context_.cache, directory_, identity_, control_, SegmentList{});
}

template <typename Look>
std::invoke_result_t<Look&> LogFollower::steadily(Look look) {
  for (int looks = 1;; ++looks) {
    follow();
    std::invoke_result_t<Look&> answer = look();
    if (answer || !may_be_stale(answer.error())) return answer;
    if (looks == kFollowLooksMax) {
      const Result<bool> there = context_.env->exists(directory_);
      if (!there || *there) return answer;
      return Error{.code = Errc::kRemoved, .message = directory_ + ": the log was removed"};
    }
    forget();
  }
}

// What precedes the visible mark.
Result<LogReader::End> LogFollower::end() {
  const LogPosition mark = control_->visible();
  if (mark.bytes != 0 && mark == ended_at_) return end_;
  Result<LogReader::End> found = reader_->end_at(mark);
  if (!found) return found;
  end_ = *found;
  ended_at_ = mark;
  return end_;
}

Result<Page> LogFollower::read(Sequence from, const PageLimits& limits, const PageBuffers& into) {
  Result<bool> begun = begin();
  if (!begun) return begun.error();
  if (!*begun) {
    if (from < kFirstSequence) {
      return Error{.code = Errc::kTrimmed, .message = {}, .detail = kFirstSequence.value};
    }
    Page page;
    page.next = from;
    page.first = kFirstSequence;
    page.tail = kFirstSequence;
    page.at_tail = true;
    return page;
  }
  return steadily([&]() -> Result<Page> {
    // Before the read: if the mark moves in between, whoever waits then is told at once.
    seen_ = control_->visible();
    Result<Page> page = reader_->read(from, limits, into);
    if (!page) return page;
    if (page->at_tail) return page;
    // Damage behind this page is for those who read it.
    const Result<LogReader::End> last = end();
    page->tail = last ? last->next : page->next;
    return page;
  });
}

Result<bool> LogFollower::read_record(Sequence at, bool resident_only, const PageBuffers& into) {
  Result<bool> begun = begin();
  if (!begun || !*begun) return begun;
  return steadily([&] { return reader_->read_record(at, resident_only, into); });
}

std::optional<ColdStretch> LogFollower::take_cold() {
  std::optional<ColdStretch> cold = reader_ ? reader_->take_cold() : std::nullopt;
  if (cold) cold->env = context_.env;
  return cold;
}

Result<std::optional<LeasedSegment>> LogFollower::lease(Sequence from) {
  Result<bool> begun = begin();
  if (!begun) return begun.error();
  if (!*begun) return std::optional<LeasedSegment>{};
  return steadily([&] { return reader_->lease(from, context_.env); });
}

Result<Page> LogFollower::read_leased(Sequence from, const PageLimits& limits,
                                      const PageBuffers& into, LeasedSegment& lease) {
  if (control_ == nullptr) return Error{.code = Errc::kNotFound, .message = "a log without files"};
  // Once: where the lease does not fit what the writer made of the log, read() is to be asked.
  follow();
  seen_ = control_->visible();
  Result<Page> page = reader_->read_leased(from, limits, into, lease);
  if (!page) return page;
  const Result<LogReader::End> last = end();
  page->tail = last ? std::max(last->next, page->next) : page->next;
  return page;
}

Result<Sequence> LogFollower::seek(ArrivalTime arrival) {
  Result<bool> begun = begin();
  if (!begun) return begun.error();
  if (!*begun) return kFirstSequence;
  return steadily([&] { return reader_->seek(arrival); });
}

Result<LogStats> LogFollower::stats() {
  Result<bool> begun = begin();
  if (!begun) return begun.error();
  LogStats stats;
  stats.first = stats.next = stats.durable = kFirstSequence;
  if (!*begun) return stats;
  return steadily([&]() -> Result<LogStats> {
    const ControlPage& page = control_->page();
    LogStats now;
    // Acquire, and before the mark: once it is set, every record lies below the mark.
    const bool ends = page.sealed.load(std::memory_order_acquire) != 0;
    const LogPosition mark = control_->visible();
    const LogPosition durable{std::min(page.durable.load(std::memory_order_acquire), mark.bytes)};
    Result<LogReader::End> last = reader_->end_at(mark);
    if (!last) return last.error();
    Result<LogReader::End> synced = durable == mark ? last : reader_->end_at(durable);
    if (!synced) return synced.error();
    Result<std::optional<ArrivalTime>> first = reader_->first_arrival();
    if (!first) return first.error();
    // What is trimmed may reach beyond the mark after a crash of the system.
    now.first = now.next = std::max(last->next, reader_->first());
    Result<bool> ended = ends ? reader_->has_ended(last->next, mark) : Result<bool>(false);
    if (!ended) return ended.error();
    now.sealed = *ended;
    now.durable = synced->next;
    const SegmentList& segments = reader_->segments();
    now.segments = segments.size();
    for (std::size_t i = 0; i < segments.size(); ++i)
      now.file_bytes += segments[i].header.file_bytes;
    if (!segments.empty()) now.bytes = mark.bytes - segments.front().header.base_position;
    if (*first) {
      now.first = reader_->first();
      now.first_arrival = **first;
      now.last_arrival = last->arrival;
    }
    return now;
  });
}

}  // namespace millrace
