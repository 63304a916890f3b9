#include "core/control_trust.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/control_snapshot.h"
#include "core/file.h"
#include "core/findings.h"
#include "core/frame.h"
#include "core/paths.h"
#include "core/segment_header.h"

namespace millrace {

namespace {

Error distrusted(const std::string& directory, const std::string& what, std::uint64_t at) {
  return Error{
      .code = Errc::kCorrupt, .message = join_path(directory, "ctl") + ": " + what, .detail = at};
}

// A page that lost everything looks closed as long as it counts no writers; with this count it
// would be believed up to its marks. So it is of no boot from here on, until a writer takes it
// over.
void count_up(ControlPage& page, std::uint64_t writers) noexcept {
  if (page.writer_epoch.load(std::memory_order_relaxed) == 0) {
    page.boot_hash.store(0, std::memory_order_relaxed);
    page.state.store(static_cast<std::uint32_t>(LogState::kOpen), std::memory_order_relaxed);
  }
  page.writer_epoch.store(writers, std::memory_order_relaxed);
}

// The last writer that a segment lists; 0 where it lists none.
Result<std::uint64_t> last_listed(Env& env, const Segment& segment) {
  Result<File> file = File::open(env, segment.path, OpenMode::kRead);
  if (!file) return file.error();
  std::array<EpochStart, kEpochStartsMax> listed;
  Result<void> read =
      file->read_exactly(std::as_writable_bytes(std::span(listed)), FileOffset{kEpochsOffset});
  if (!read) return read.error();
  std::uint64_t last = 0;
  for (const EpochStart& writer : listed) {
    // Behind the list, or bytes that make no entry, which verify finds.
    if (writer.epoch == 0 || writer.offset < segment.header.data_offset) break;
    last = writer.epoch;
  }
  return last;
}

}  // namespace

Result<void> believe_page(const ControlPage& page, std::uint64_t boot_hash,
                          const std::string& directory) {
  Findings findings;
  check_words(load_words(page), boot_hash, "ctl", findings);
  for (const Finding& finding : findings.take()) {
    if (finding.severity == Severity::kDamage) {
      return distrusted(directory, finding.what, finding.offset);
    }
  }
  return {};
}

Sequence settled_trim(const ControlPage& page) noexcept {
  const std::uint64_t trimmed = page.trim_sequence.load(std::memory_order_relaxed);
  const std::uint64_t checked = ~page.trim_check.load(std::memory_order_relaxed);
  if (trimmed == checked) return {trimmed};
  // What lies before the first segment is gone either way.
  const std::uint64_t first = page.first_segment.load(std::memory_order_relaxed);
  return {std::max(std::min(trimmed, checked), first)};
}

void settle_trim(ControlFile& control) noexcept {
  const ControlPage& page = control.page();
  const Sequence trimmed = settled_trim(page);
  const bool agrees = page.trim_sequence.load(std::memory_order_relaxed) ==
                      ~page.trim_check.load(std::memory_order_relaxed);
  if (!agrees) control.trim(trimmed);
}

Result<void> believe_writers(Env& env, const RecoveredLog& log, const std::string& directory) {
  // A crash of the system may keep the list in the segment and lose the count.
  if (log.segments.empty() || log.report.last_end == LastEnd::kSystemDied) return {};
  const Result<std::uint64_t> last = last_listed(env, log.segments.back());
  if (!last) return last.error();
  if (*last <= log.control->page().writer_epoch.load(std::memory_order_relaxed)) return {};
  return distrusted(directory, "a later writer is listed in the last segment",
                    offsetof(ControlPage, writer_epoch));
}

Result<void> count_listed_writers(Env& env, const RecoveredLog& log) {
  if (log.segments.empty() || log.report.last_end != LastEnd::kSystemDied) return {};
  const Result<std::uint64_t> last = last_listed(env, log.segments.back());
  if (!last) return last.error();
  const std::uint64_t counted = log.control->page().writer_epoch.load(std::memory_order_relaxed);
  if (*last > counted && *last - counted < kWriterLeadMax) count_up(log.control->page(), *last);
  return {};
}

Result<void> believe_page_of(const RecoveredLog& log, const std::string& directory) {
  ControlPage& page = log.control->page();
  const Sequence trimmed = settled_trim(page);
  if (trimmed > std::max(log.order.next, log.resume_at)) {
    return distrusted(directory, "records are trimmed that were never stored",
                      offsetof(ControlPage, trim_sequence));
  }
  if (log.segments.empty() || log.tail == log.segments.back().base_position()) return {};
  // The next writer's frames must follow those of the last one; writers count from 1.
  const std::uint64_t writers = page.writer_epoch.load(std::memory_order_relaxed);
  const auto last = static_cast<std::uint16_t>(writers);
  const bool was_there = static_cast<std::uint16_t>(last - log.order.epoch) < writers;
  if (was_there && epoch_follows(log.order.epoch, last)) return {};
  if (log.report.last_end != LastEnd::kSystemDied) {
    return distrusted(directory, "the count of writers does not fit the last frame's",
                      offsetof(ControlPage, writer_epoch));
  }
  count_up(page, writers + static_cast<std::uint16_t>(log.order.epoch - last));
  return {};
}

}  // namespace millrace
