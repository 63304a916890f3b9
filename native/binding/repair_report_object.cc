#include "binding/repair_report_object.h"

#include <optional>

#include "binding/convert.h"
#include "binding/report_fields.h"
#include "core/engine.h"

namespace millrace {
namespace {

const char* outcome_word(RepairOutcome outcome) noexcept {
  switch (outcome) {
    case RepairOutcome::kSound:
      return "sound";
    case RepairOutcome::kRepaired:
      return "repaired";
    case RepairOutcome::kRefused:
      return "refused";
  }
  return "unknown";
}

Napi::Value error_of(Napi::Env env, const Error& error) { return to_js_error(env, error); }

Napi::Value count_of(Napi::Env env, const std::uint64_t& count) {
  return Napi::Number::New(env, static_cast<double>(count));
}
Napi::Value sequence_of(Napi::Env env, const Sequence& sequence) {
  return Napi::Number::New(env, static_cast<double>(sequence.value));
}
Napi::Value arrival_of(Napi::Env env, const ArrivalTime& arrival) {
  return Napi::Number::New(env, static_cast<double>(arrival.ms));
}

Napi::Value lost_of(Napi::Env env, const LostNumbers& lost) {
  return Fields(env)
      .number("firstSequence", lost.first.value)
      .set("lastSequence", optional_of(env, lost.last, sequence_of))
      .set("records", optional_of(env, lost.records, count_of))
      .set("earliestMs", optional_of(env, lost.earliest, arrival_of))
      .set("latestMs", optional_of(env, lost.latest, arrival_of))
      .text("file", lost.file)
      .number("offset", lost.offset)
      .number("bytes", lost.bytes)
      .object();
}

Napi::Value set_aside_of(Napi::Env env, const SetAside& file) {
  Fields fields(env);
  fields.text("file", file.file);
  if (file.kept_as.empty()) return fields.set("keptAs", env.Null()).object();
  return fields.text("keptAs", file.kept_as).object();
}

Napi::Value name_of(Napi::Env env, const std::string& name) { return Napi::String::New(env, name); }

Napi::Value repaired_log(Napi::Env env, const LogRepair& log) {
  return Fields(env)
      .text("folder", log.folder)
      .text("uuid", folder_name(log.identity))
      .number("shard", std::uint64_t{log.identity.shard})
      .text("outcome", outcome_word(log.outcome))
      .set("refusal", optional_of(env, log.refusal, error_of))
      .number("damagedPlaces", log.damaged_places)
      .set("lost", array_of(env, log.lost, lost_of))
      .set("rewritten", array_of(env, log.rewritten, name_of))
      .set("setAside", array_of(env, log.set_aside, set_aside_of))
      .set("resumesAt", optional_of(env, log.resumes_at, sequence_of))
      .object();
}

}  // namespace

Napi::Value repair_to_js(Napi::Env env, const std::string& path, const RepairReport& report) {
  return Fields(env)
      .text("path", path)
      .flag("dryRun", report.dry_run)
      .set("store", repaired_log(env, report.store))
      .set("logs", array_of(env, report.logs, repaired_log))
      .number("bytesChecked", report.bytes_checked)
      .object();
}

}  // namespace millrace
