#include "core/log_repair.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/file.h"
#include "core/log_repair_plan.h"
#include "core/log_survey.h"
#include "core/paths.h"
#include "core/rebuilt_control.h"
#include "core/segment_rewrite.h"
#include "core/set_aside.h"
#include "core/sync_directory.h"
#include "core/unfinished_file.h"

namespace millrace {

namespace {

constexpr const char* kUnfinished = "repair.tmp";
constexpr const char* kControl = "ctl";

class Executor {
 public:
  Executor(Env& env, const LogPlace& place, LogRepair& report, ScanMeter& meter)
      : env_(env),
        place_(place),
        path_(join_path(place.root, place.folder)),
        report_(report),
        meter_(meter) {}

  Result<void> run(LogRepairPlan plan) {
    for (const std::string& name : plan.remove_first) {
      if (Result<void> moved = remove(name); !moved) return moved;
    }
    for (LogRepairPlan::Rewriting& rewriting : plan.rewrite) {
      if (Result<void> done = rewrite(rewriting); !done) return done;
    }
    if (plan.words) {
      if (Result<void> done = write_control(*plan.words); !done) return done;
    }
    for (const std::string& name : plan.remove_last) {
      if (Result<void> moved = remove(name); !moved) return moved;
    }
    return sync_directory(env_, path_);
  }

 private:
  Result<void> remove(const std::string& name) {
    Result<std::string> moved = move_aside(env_, path_, name);
    if (!moved) return moved.error();
    note_aside(name, *moved);
    return sync_directory(env_, path_);
  }

  void note_aside(const std::string& name, const std::string& path) {
    report_.set_aside.push_back(
        {.file = place_.file(name), .kept_as = path.substr(place_.root.size() + 1)});
  }

  Result<void> rewrite(LogRepairPlan::Rewriting& rewriting) {
    UnfinishedFile unfinished(env_, join_path(path_, kUnfinished));
    Result<void> written;
    if (rewriting.has_source) {
      Result<File> source = File::open(env_, join_path(path_, rewriting.name), OpenMode::kRead);
      if (!source) return source.error();
      written = rewrite_segment(env_, &*source, rewriting.terms, unfinished.path(), meter_);
    } else {
      std::array<std::byte, sizeof(std::uint64_t)> salt;
      if (Result<void> random = env_.random_bytes(salt); !random) return random;
      rewriting.terms.header.salt = load<std::uint64_t>(salt.data());
      set_crc(rewriting.terms.header);
      written = rewrite_segment(env_, nullptr, rewriting.terms, unfinished.path(), meter_);
    }
    if (!written) return written;
    return replace(rewriting.name, rewriting.is_there, unfinished);
  }

  Result<void> write_control(const ControlWords& words) {
    UnfinishedFile unfinished(env_, join_path(path_, kUnfinished));
    Result<bool> there = env_.exists(join_path(path_, kControl));
    if (!there) return there.error();
    {
      Result<File> file = File::create_anew(env_, unfinished.path());
      if (!file) return file.error();
      const std::vector<std::byte> bytes = control_bytes(words, report_.identity);
      Result<void> written = file->write_all(bytes, FileOffset{0});
      if (written) written = file->sync_data();
      if (!written) return written;
    }
    return replace(kControl, *there, unfinished);
  }

  // The new file takes the place of the old one in one step, once that was set aside.
  Result<void> replace(const std::string& name, bool is_there, UnfinishedFile& by) {
    if (is_there) {
      Result<std::string> copied = copy_aside(env_, path_, name);
      if (!copied) return copied.error();
      note_aside(name, *copied);
    }
    if (Result<void> named = by.name(join_path(path_, name)); !named) return named;
    report_.rewritten.push_back(place_.file(name));
    return sync_directory(env_, path_);
  }

  Env& env_;
  const LogPlace& place_;
  const std::string path_;
  LogRepair& report_;
  ScanMeter& meter_;
};

// What the executor would report.
Result<void> describe(Env& env, const LogRepairPlan& plan, const LogPlace& place,
                      LogRepair& report) {
  for (const std::string& name : plan.remove_first)
    report.set_aside.push_back({place.file(name), {}});
  for (const LogRepairPlan::Rewriting& rewriting : plan.rewrite) {
    report.rewritten.push_back(place.file(rewriting.name));
    if (rewriting.is_there) report.set_aside.push_back({place.file(rewriting.name), {}});
  }
  if (plan.words) {
    Result<bool> there = env.exists(join_path(join_path(place.root, place.folder), kControl));
    if (!there) return there.error();
    report.rewritten.push_back(place.file(kControl));
    if (*there) report.set_aside.push_back({place.file(kControl), {}});
  }
  for (const std::string& name : plan.remove_last)
    report.set_aside.push_back({place.file(name), {}});
  return {};
}

// Hides what lies before `begin`, holes and all.
Result<void> begin_at(Sequence begin, const LogSurvey& survey, LogRepairPlan& plan) {
  const bool covers = std::ranges::all_of(
      plan.lost, [&](const LostNumbers& lost) { return lost.last && *lost.last < begin; });
  if (!covers) {
    return Error{.code = Errc::kCorrupt,
                 .message = "records are lost behind the place where the log is to begin"};
  }
  if (!plan.words) plan.words = survey.words;
  plan.words->trim_sequence = std::max(plan.words->trim_sequence, begin);
  plan.words->trim_check = ~plan.words->trim_sequence.value;
  return {};
}

Result<void> repair(Env& env, const LogPlace& place, const LogRepairOptions& options,
                    const LogSurvey& survey, ChunkBuffer& buffer, ScanMeter& meter,
                    LogRepair& report) {
  Result<LogRepairPlan> plan = plan_log_repair(env, place, survey, buffer, meter);
  if (!plan) return plan.error();
  report.lost = plan->lost;
  if (options.lossless && !plan->lost.empty()) {
    if (!options.begin_at) {
      return Error{.code = Errc::kCorrupt, .message = place.folder + ": records are lost"};
    }
    if (Result<void> hidden = begin_at(*options.begin_at, survey, *plan); !hidden) return hidden;
  }
  report.resumes_at = plan->resumes_at;
  report.outcome = RepairOutcome::kRepaired;
  if (!options.dry_run) return Executor(env, place, report, meter).run(std::move(*plan));
  return describe(env, *plan, place, report);
}

}  // namespace

Result<LogRepair> repair_log(Env& env, const LogPlace& place, const LogRepairOptions& options,
                             ChunkBuffer& buffer, ScanMeter& meter) {
  LogRepair report;
  report.folder = place.folder;
  report.identity.uuid = place.uuid.value_or(report.identity.uuid);
  Result<LogSurvey> survey = survey_log(env, place, buffer, meter);
  Result<void> done;
  if (!survey) {
    done = survey.error();
  } else if (survey->damaged_places > 0) {
    report.identity = survey->identity;
    report.damaged_places = survey->damaged_places;
    done = repair(env, place, options, *survey, buffer, meter, report);
  }
  if (done) return report;
  if (done.error().code == Errc::kClosed) return done.error();
  report.outcome = RepairOutcome::kRefused;
  report.refusal = done.error();
  return report;
}

}  // namespace millrace
