#include "core/findings.h"

#include <utility>

namespace millrace {

namespace {

constexpr std::size_t kListedMax = 1'000;  // of each severity

}  // namespace

bool is_failed_read(const Error& error) noexcept {
  switch (error.code) {
    case Errc::kCorrupt:
    case Errc::kNotFound:
    case Errc::kNewerFormat:
    case Errc::kClosed:
      return false;
    default:
      return true;
  }
}

void Findings::note_failure(const Error& error) {
  if (!failed_read_ && is_failed_read(error)) failed_read_ = error;
}

void Findings::unreadable(std::string file, std::uint64_t offset, const Error& error,
                          std::string what) {
  note_failure(error);
  damage(std::move(file), offset, std::move(what));
}

void Findings::add(Finding finding) {
  Count& count = count_of(finding.severity);
  if (count.listed == kListedMax) {
    ++count.dropped;
    return;
  }
  ++count.listed;
  list_.push_back(std::move(finding));
}

void Findings::add_all(Findings other) {
  for (Finding& finding : other.list_) add(std::move(finding));
  damage_.dropped += other.damage_.dropped;
  notices_.dropped += other.notices_.dropped;
  if (!failed_read_) failed_read_ = std::move(other.failed_read_);
}

void Findings::soften() {
  for (Finding& finding : list_) finding.severity = Severity::kNotice;
  notices_ = {.listed = list_.size(), .dropped = notices_.dropped + damage_.dropped};
  damage_ = {};
}

std::vector<Finding> Findings::take() {
  for (const Severity severity : {Severity::kDamage, Severity::kNotice}) {
    const std::size_t dropped = count_of(severity).dropped;
    if (dropped == 0) continue;
    list_.push_back({severity, "", 0, std::to_string(dropped) + " more are not listed"});
  }
  damage_ = {};
  notices_ = {};
  return std::exchange(list_, {});
}

}  // namespace millrace
