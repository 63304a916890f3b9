#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/chunk_reader.h"
#include "core/control_snapshot.h"
#include "core/env.h"
#include "core/log_survey.h"
#include "core/repair_report.h"
#include "core/result.h"
#include "core/scan_meter.h"
#include "core/segment_rewrite.h"

namespace millrace {

// What is to be done about a damaged log, in this order. Each step by itself leaves the log no
// worse: positions stay what they are, so that segments do not depend on one another.
struct LogRepairPlan {
  struct Rewriting {
    std::string name;
    RewriteTerms terms;
    bool has_source = false;  // a file of this name lies there, with frames to keep
    bool is_there = false;    // a file of this name lies there
  };

  std::vector<std::string> remove_first;  // moved to quarantine
  std::vector<Rewriting> rewrite;
  std::optional<ControlWords> words;     // of the new control page
  std::optional<Sequence> resumes_at;    // where the log's end changes: its next number, at least
  std::vector<std::string> remove_last;  // moved there, too, behind the log's new end
  std::vector<LostNumbers> lost;
};

// Decides; reads what it must, changes nothing. kCorrupt when the files contradict one another in a
// way that no loss explains: then a person has to look.
Result<LogRepairPlan> plan_log_repair(Env& env, const LogPlace& place, const LogSurvey& survey,
                                      ChunkBuffer& buffer, ScanMeter& meter);

}  // namespace millrace
