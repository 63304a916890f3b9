#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/env.h"
#include "core/findings.h"
#include "core/result.h"
#include "core/segment_header.h"
#include "core/segment_list.h"
#include "core/units.h"

namespace millrace {

// What a segment file says about itself, in front of its frames.
struct SegmentHead {
  Segment segment;
  std::uint64_t allocated_bytes = 0;
  std::vector<EpochStart> epochs;  // as listed
  bool epochs_sound = false;       // and the list makes sense
  std::optional<SegmentSeal> seal;
  std::uint64_t index_slots_used = 0;
};

// What is known of a log when one of its segments is read.
struct KnownIdentity {
  std::optional<std::array<std::byte, 16>> uuid;
  std::optional<std::uint32_t> shard;
};

// Reads the head of the segment at `path`. Fails when the header cannot be believed, with a
// sentence about it; doubts about seal and list of writers are added as findings about `file`.
Result<SegmentHead> read_segment_head(Env& env, const std::string& path, const KnownIdentity& known,
                                      const std::string& file, Findings& findings);

// The list of writers in a segment's first page; whether it makes sense. Doubts are findings about
// `file`.
bool list_writers(Bytes page, const SegmentHeader& header, const std::string& file,
                  std::vector<EpochStart>& writers, Findings& findings);

// The writer that a frame at `at` must be of: the last of the list that had begun at or below. Who
// begins below another cut off what that one wrote. The list is sound.
[[nodiscard]] std::uint64_t epoch_at(const std::vector<EpochStart>& epochs, FileOffset at) noexcept;

// What an error says of the file at `path`, without the path, which findings have of their own.
[[nodiscard]] std::string sentence_of(const Error& error, const std::string& path);

}  // namespace millrace
