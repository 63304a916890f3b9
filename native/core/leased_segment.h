#pragma once

#include <memory>
#include <utility>

#include "core/bytes.h"
#include "core/env.h"
#include "core/mapping.h"
#include "core/result.h"
#include "core/segment_list.h"
#include "core/units.h"

namespace millrace {

// A finished segment, mapped for somebody who is not to be trusted with it: what is stored there
// lands in a private page, never in the file. Goes on after the log is closed, and after the file
// is removed, which frees its space only then. One thread at a time; any thread may destroy it.
class LeasedSegment {
 public:
  // Records from the segment's first one to below `next`, whose frames end at `end`.
  static Result<LeasedSegment> map(std::shared_ptr<Env> env, const Segment& segment, FileOffset end,
                                   Sequence next);

  [[nodiscard]] MutableBytes bytes() const noexcept { return mapping_.bytes(); }
  [[nodiscard]] Sequence first() const noexcept { return {header_.base_sequence}; }
  // Where the segment behind it begins.
  [[nodiscard]] Sequence next() const noexcept { return next_; }
  [[nodiscard]] bool is_of(const Segment& segment) const noexcept {
    return segment.header.uuid == header_.uuid && segment.header.salt == header_.salt &&
           segment.header.base_sequence == header_.base_sequence;
  }

 private:
  LeasedSegment(std::shared_ptr<Env> env, Mapping mapping, const SegmentHeader& header,
                Sequence next)
      : env_(std::move(env)), mapping_(std::move(mapping)), header_(header), next_(next) {}

  std::shared_ptr<Env> env_;  // outlives the mapping
  Mapping mapping_;
  SegmentHeader header_;
  Sequence next_;
};

}  // namespace millrace
