// A damaged store, repaired: it must open then, and be sound, and have lost nothing that could be
// read before.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/background.h"
#include "core/log_follower.h"
#include "core/recovery.h"
#include "core/repair.h"
#include "core/segment_cache.h"
#include "core/shard_log.h"
#include "core/store_reader.h"
#include "core/verify.h"
#include "fuzz/byte_source.h"
#include "fuzz/forged_log.h"
#include "fuzz/proven_records.h"
#include "fuzz/read_record.h"
#include "fuzz/target.h"
#include "fuzz/watched_env.h"

namespace millrace::fuzz {
namespace {

// "" when verify finds no damage; else the first that it finds.
std::string damage_in(Env& env) {
  const ScanWatch watch;
  const Result<StoreReport> report = verify_store(env, kForgedRoot, watch);
  if (!report) return report.error().message;
  for (const Finding& finding : report->findings) {
    if (finding.severity == Severity::kDamage) return finding.file + ": " + finding.what;
  }
  return "";
}

// As somebody reads it who only reads, up to the first damage.
ReadThrough read_elsewhere(const std::shared_ptr<WatchedEnv>& env) {
  const auto background = std::make_shared<Background>();
  const Result<std::unique_ptr<StoreReader>> store =
      StoreReader::open(env, background, kForgedRoot);
  claim(store.ok(), "a store does not open for a reader");
  const std::unique_ptr<LogFollower> log = (*store)->open_log(forged_identity(ForgedRole::kShard));
  return read_through([&](Sequence at, const PageLimits& limits,
                          const PageBuffers& into) { return log->read(at, limits, into); },
                      kFirstSequence);
}

// Opens the log as its next writer, and reads all.
ReadThrough open_and_read(const std::shared_ptr<WatchedEnv>& env) {
  Background background;
  const auto cache = std::make_shared<SegmentCache>(*env, background, 8);
  const Result<std::unique_ptr<ShardLog>> log =
      ShardLog::open({env, &background, cache}, forged_folder(ForgedRole::kShard),
                     forged_identity(ForgedRole::kShard), {});
  claim(log.ok(), "a repaired log does not open: " + (log ? std::string() : log.error().message));
  ReadThrough read =
      read_through([&](Sequence at, const PageLimits& limits,
                       const PageBuffers& into) { return (*log)->read(at, limits, into); },
                   kFirstSequence);
  claim(!read.error,
        "a repaired log cannot be read: " + (read.error ? read.error->message : std::string()));
  return read;
}

RepairReport repair(Env& env, bool dry_run) {
  const ScanWatch watch;
  RepairOptions options;
  options.dry_run = dry_run;
  Result<RepairReport> report = repair_store(env, kForgedRoot, options, watch);
  claim(report.ok(),
        "a store cannot be repaired at all: " + (report ? std::string() : report.error().message));
  return std::move(*report);
}

bool any(const RepairReport& report, RepairOutcome outcome) {
  return report.store.outcome == outcome ||
         std::ranges::any_of(report.logs,
                             [=](const LogRepair& log) { return log.outcome == outcome; });
}

// The log opens, and has every record that could be read before and none that was not one.
void claim_kept(const std::shared_ptr<WatchedEnv>& env, const ProvenRecords& proven,
                const ReadThrough& before) {
  const ReadThrough after = open_and_read(env);
  for (const ReadRecord& record : after.records) {
    claim(proven.holds(record), "a repaired log has a record that no frame held");
  }
  for (const ReadRecord& record : before.records) {
    claim(std::ranges::binary_search(after.records, record, {}),
          "a record that could be read is lost by a repair");
  }
}

void run(Bytes input) {
  ByteSource in(input);
  const bool planned = in.below(2) == 1;
  const std::shared_ptr<WatchedEnv> env = WatchedEnv::make(false);
  const ForgedLog forged = forge_store(*env, in, ForgedRole::kShard);
  const ProvenRecords proven(*env, forged);
  const std::string damage = damage_in(*env);
  const ReadThrough before = read_elsewhere(env);
  if (planned) {
    const std::uint64_t changes = env->changes();
    (void)repair(*env, true);
    claim(env->changes() == changes, "a plan of a repair changes something");
  }
  const std::uint64_t changes = env->changes();
  const RepairReport report = repair(*env, false);
  if (any(report, RepairOutcome::kRefused)) {
    claim(any(report, RepairOutcome::kRepaired) || env->changes() == changes,
          "a repair is refused and changes something");
    return;
  }
  if (forged.crafted) return;  // no loss explains such files, and so no repair has to
  claim(any(report, RepairOutcome::kRepaired) == !damage.empty(),
        "what is repaired is not what verify finds damaged: " + damage);
  const std::string left = damage_in(*env);
  claim(left.empty(), "a store was repaired and is damaged: " + left);
  claim_kept(env, proven, before);
  claim(!any(repair(*env, false), RepairOutcome::kRepaired), "a repair leaves something to repair");
}

const Target repair_target("repair", run);

}  // namespace
}  // namespace millrace::fuzz
