#include "core/control_trust.h"

#include <algorithm>
#include <utility>

#include "core/control_snapshot.h"
#include "core/findings.h"
#include "core/frame.h"
#include "core/paths.h"

namespace millrace {

namespace {

Error corrupt(const std::string& directory, const std::string& what, std::uint64_t at) {
  return Error{
      .code = Errc::kCorrupt, .message = join_path(directory, "ctl") + ": " + what, .detail = at};
}

}  // namespace

Result<void> believe_page(const ControlPage& page, const std::string& directory) {
  Findings findings;
  check_words(load_words(page), "ctl", findings);
  for (const Finding& finding : findings.take()) {
    if (finding.severity == Severity::kDamage) {
      return corrupt(directory, finding.what, finding.offset);
    }
  }
  return {};
}

void settle_trim(ControlFile& control) noexcept {
  const std::uint64_t trimmed = control.page().trim_sequence.load(std::memory_order_relaxed);
  const std::uint64_t checked = ~control.page().trim_check.load(std::memory_order_relaxed);
  if (trimmed == checked) return;
  // What lies before the first segment is gone either way.
  const std::uint64_t first = control.page().first_segment.load(std::memory_order_relaxed);
  control.trim({std::max(std::min(trimmed, checked), first)});
}

Result<void> believe_page_of(const RecoveredLog& log, const std::string& directory) {
  ControlPage& page = log.control->page();
  const Sequence trimmed{page.trim_sequence.load(std::memory_order_relaxed)};
  if (trimmed > std::max(log.order.next, log.resume_at)) {
    return corrupt(directory, "records are trimmed that were never stored",
                   offsetof(ControlPage, trim_sequence));
  }
  if (log.segments.empty() || log.tail == log.segments.back().base_position()) return {};
  // The next writer's frames must follow those of the last one.
  const std::uint64_t writers = page.writer_epoch.load(std::memory_order_relaxed);
  const auto last = static_cast<std::uint16_t>(writers);
  if (epoch_follows(log.order.epoch, last)) return {};
  if (log.report.last_end != LastEnd::kSystemDied) {
    return corrupt(directory, "the count of writers does not fit the last frame's",
                   offsetof(ControlPage, writer_epoch));
  }
  const auto behind = static_cast<std::uint16_t>(log.order.epoch - last);
  page.writer_epoch.store(writers + behind, std::memory_order_relaxed);
  return {};
}

}  // namespace millrace
