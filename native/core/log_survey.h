#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/chunk_reader.h"
#include "core/control_snapshot.h"
#include "core/env.h"
#include "core/findings.h"
#include "core/log_files.h"
#include "core/result.h"
#include "core/scan_meter.h"
#include "core/segment_header.h"
#include "core/segment_list.h"

namespace millrace {

// One segment file of a damaged log.
struct SurveyedSegment {
  std::string name;
  Sequence named_base;
  std::uint64_t file_bytes = 0;
  std::optional<SegmentHeader> header;  // none: beyond mending, or of another log
  bool header_mended = false;
  std::vector<EpochStart> writers;  // as listed, if that is sound
  std::optional<SegmentSeal> seal;
  bool damaged = false;  // verify found something inside

  [[nodiscard]] bool has_full_size() const noexcept { return file_bytes == header->file_bytes; }
};

// What a damaged log's files say, each by itself.
struct LogSurvey {
  LogIdentity identity;
  std::optional<ControlWords> words;  // none: the page is missing or its first line is damaged
  bool page_believed = false;         // and verify found nothing wrong with it
  LastEnd last_end = LastEnd::kSystemDied;  // if it is believed
  std::vector<SurveyedSegment> segments;    // by name, without what is trimmed for sure
  std::uint64_t damaged_places = 0;         // 0: nothing else was looked at
};

// Checks a log that nobody writes, and looks closer if it is damaged. Changes nothing. kNewerFormat
// when any of it was written by a later version; kClosed when the scan was stopped.
Result<LogSurvey> survey_log(Env& env, const LogPlace& place, ChunkBuffer& buffer,
                             ScanMeter& meter);

}  // namespace millrace
