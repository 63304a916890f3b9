#pragma once

#include <string>

#include "core/chunk_reader.h"
#include "core/env.h"
#include "core/findings.h"
#include "core/scan_meter.h"
#include "core/segment_head.h"
#include "core/segment_terms.h"
#include "core/segment_walk.h"

namespace millrace {

// Reads every byte of one segment and holds frames, index, summary, seal, and the zeros in between
// against each other and against `terms`. What is wrong becomes findings about `file`. Memory: a
// chunk, or the largest record, and twice the index.
SegmentWalk check_segment(Env& env, const SegmentHead& head, const SegmentTerms& terms,
                          const std::string& file, ChunkBuffer& buffer, ScanMeter& meter,
                          Findings& findings);

}  // namespace millrace
