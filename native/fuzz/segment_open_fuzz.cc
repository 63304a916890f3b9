// One file that may be a segment: its header, seal, list of writers, index and summary.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/chunk_reader.h"
#include "core/findings.h"
#include "core/paths.h"
#include "core/scan_meter.h"
#include "core/segment_check.h"
#include "core/segment_head.h"
#include "core/segment_list.h"
#include "core/segment_terms.h"
#include "fuzz/byte_source.h"
#include "fuzz/forged_log.h"
#include "fuzz/forged_segment.h"
#include "fuzz/target.h"
#include "fuzz/watched_env.h"

namespace millrace::fuzz {
namespace {

// What the log would say about the segment, and may say wrongly.
SegmentTerms some_terms(ByteSource& in, const SegmentHeader& header, std::uint64_t frames_end) {
  const auto offset = [&]() -> FileOffset {
    // Terms are made of positions that lie in the segment (log_terms.cc).
    const std::uint64_t at = in.altered(frames_end);
    return {std::clamp<std::uint64_t>(at, header.data_offset, header.file_bytes)};
  };
  SegmentTerms terms;
  terms.promised = offset();
  if (in.below(4) != 1) terms.end = offset();
  terms.indexed = offset();
  const std::uint8_t options = in.byte();
  terms.finished = (options & 1) != 0;
  terms.settled = (options & 2) != 0;
  terms.live = (options & 4) != 0;
  if ((options & 8) != 0) terms.marks = {offset(), offset()};
  return terms;
}

void claim_links(const Segment& segment) {
  const Result<SegmentList> list = SegmentList::from({segment});
  claim(list.ok(), "a segment alone is a list");
  claim(list->end_of(0, segment.base_position()).bytes == segment.header.data_offset,
        "a log that ends where its segment begins has frames");
  claim(list->end_of(0, {UINT64_MAX}).bytes <= segment.header.file_bytes,
        "frames end behind the file");
  claim(list->end_of(0, {UINT64_MAX}).bytes >= segment.header.data_offset,
        "frames end before the data begins");
}

void run(Bytes input) {
  ByteSource in(input);
  const std::shared_ptr<WatchedEnv> env = WatchedEnv::make(true);
  const LogIdentity identity = forged_identity(ForgedRole::kShard);
  ForgedPlace place;
  std::optional<Bytes> raw;
  if (in.below(8) == 1) {  // the file is what is left of the input
    raw = in.rest();
  }
  ForgedSegment forged = forge_segment(in, identity, place, in.below(2) == 1);
  if (raw) {
    forged.image = FileImage(raw->size());
    forged.image.put(0, *raw);
  }
  const std::string path = segment_name({forged.header.base_sequence});
  claim(forged.image.write_to(*env, path).ok(), "the harness itself: writing");
  const std::uint64_t changes = env->changes();

  const Result<Segment> segment = read_segment(*env, path, identity);
  Findings findings;
  const Result<SegmentHead> head =
      read_segment_head(*env, path, {identity.uuid, identity.shard}, path, findings);
  claim(!head || segment, "what verify believes of a header, the engine does not");
  if (segment) {
    claim(segment->header.file_bytes == forged.image.file_bytes(), "a file of another size");
    claim_links(*segment);
  }
  if (head) {
    const SegmentTerms terms =
        some_terms(in, segment->header, place.position.bytes + segment->header.data_offset);
    const ScanWatch watch;
    ScanMeter meter(watch);
    ChunkBuffer buffer;
    const SegmentWalk walk = check_segment(*env, *head, terms, path, buffer, meter, findings);
    claim(walk.frames.end.bytes <= segment->header.file_bytes, "frames end behind the file");
    claim(walk.slots.size() == segment->header.index_slots, "an index of another length");
    claim(walk.order.next.value <= kSequenceLimit, "a number that no record can have");
    if (terms.end && terms.promised >= *terms.end && walk.whole && !findings.any_damage()) {
      claim(walk.frames.end == *terms.end, "frames end elsewhere, and nothing is wrong");
    }
  }
  (void)findings.take();
  claim(env->changes() == changes, "looking at a segment changes it");
}

const Target segment_open("segment_open", run);

}  // namespace
}  // namespace millrace::fuzz
