#include "core/gap_segments.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace millrace {

namespace {

Error contradiction_of_plan() {
  return Error{.code = Errc::kCorrupt,
               .message =
                   "segments are missing where there is no room for them: no loss explains "
                   "that"};
}

}  // namespace

Result<std::vector<RewriteTerms>> gap_segments(const MissingSegments& missing) {
  const SegmentHeader& after = *missing.after;
  const std::uint64_t count = after.ordinal - missing.before->ordinal - 1;
  LogPosition at = missing.tail;
  Sequence next = missing.order.next;
  ArrivalTime arrival = missing.order.arrival;
  if (after.base_position < at.bytes || after.base_sequence < next.value + count) {
    return contradiction_of_plan();
  }
  const std::uint64_t share =
      align_down<std::uint64_t>((after.base_position - at.bytes) / count, kFrameAlignment);
  std::vector<RewriteTerms> segments;
  for (std::uint64_t i = 1; i <= count; ++i) {
    const std::uint64_t stride = i == count ? after.base_position - at.bytes : share;
    const Sequence last = i == count ? Sequence{after.previous_sequence} : next;
    SegmentPlan plan;
    plan.identity = missing.identity;
    plan.ordinal = missing.before->ordinal + static_cast<std::uint32_t>(i);
    plan.base_sequence = next;
    plan.base_position = at;
    plan.created = {missing.before->created_ms};
    plan.data_bytes = std::max<std::uint64_t>(
        kSegmentDataMin, align_up<std::uint64_t>(stride + kFrameHeaderBytes, kGridBytes));
    plan.previous_sequence = {next.value - 1};
    plan.previous_arrival = {std::max<std::int64_t>(0, arrival.ms)};
    if (plan.data_bytes > kSegmentDataMax) return contradiction_of_plan();
    if (i == count) arrival = std::max(arrival, ArrivalTime{after.previous_arrival_ms});
    RewriteTerms terms;
    terms.header = make_header(plan);
    terms.end = {terms.header.data_offset + stride};
    terms.finished = true;
    terms.seal = SealReason::kRecovery;
    terms.writer_count = missing.writer_count;
    std::optional<std::vector<Filling>> gaps =
        fill_with_gaps({.from = {terms.header.data_offset},
                        .to = terms.end,
                        .first = next,
                        .last = last,
                        .arrival = arrival,
                        .epoch = std::max<std::uint16_t>(1, missing.order.epoch)});
    if (!gaps) return contradiction_of_plan();
    terms.fillings = std::move(*gaps);
    segments.push_back(std::move(terms));
    at.bytes += stride;
    next = {last.value + 1};
  }
  return segments;
}

}  // namespace millrace
