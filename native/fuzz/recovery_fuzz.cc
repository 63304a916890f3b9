// The folder of a store with one log, as anything may have left it: how it is verified, recovered,
// opened, read, appended to, closed and opened again.
#include <algorithm>
#include <cerrno>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/background.h"
#include "core/boot_hash.h"
#include "core/recovery.h"
#include "core/segment_cache.h"
#include "core/shard_log.h"
#include "core/verify.h"
#include "fuzz/byte_source.h"
#include "fuzz/forged_log.h"
#include "fuzz/proven_records.h"
#include "fuzz/read_record.h"
#include "fuzz/target.h"
#include "fuzz/watched_env.h"

namespace millrace::fuzz {
namespace {

constexpr ForgedRole kRole = ForgedRole::kShard;
constexpr std::size_t kAppended = 3;

// The log as one process has it.
struct OpenLog {
  Background background;
  std::shared_ptr<SegmentCache> cache;
  std::unique_ptr<ShardLog> log;

  Result<void> open(const std::shared_ptr<Env>& env, const LogOptions& options) {
    cache = std::make_shared<SegmentCache>(*env, background, 8);
    Result<std::unique_ptr<ShardLog>> opened = ShardLog::open(
        {env, &background, cache}, forged_folder(kRole), forged_identity(kRole), options);
    if (!opened) return opened.error();
    log = std::move(*opened);
    return {};
  }
  [[nodiscard]] ReadThrough read(Sequence from) const {
    return read_through([this](Sequence at, const PageLimits& limits,
                               const PageBuffers& into) { return log->read(at, limits, into); },
                        from);
  }
};

// "" when verify finds no damage; else the first that it finds.
std::string damage_in(Env& env) {
  const ScanWatch watch;
  const Result<StoreReport> report = verify_store(env, kForgedRoot, watch);
  if (!report) return report.error().message;
  for (const Finding& finding : report->findings) {
    if (finding.severity == Severity::kDamage) {
      return finding.file + " @" + std::to_string(finding.offset) + ": " + finding.what;
    }
  }
  return "";
}

std::string text_of(const Result<void>& result) { return result ? "" : result.error().message; }

// What recovery finds, twice over; false when it refuses the log.
bool recover(WatchedEnv& env, const ForgedLog& forged, const std::string& damage,
             LogPosition& tail) {
  const std::string folder = forged_folder(kRole);
  const Result<std::uint64_t> boot = current_boot_hash(env);
  const std::uint64_t changes = env.changes();
  const Result<RecoveredLog> first = recover_log(env, folder, forged_identity(kRole), *boot);
  if (!first) {
    const Errc code = first.error().code;
    claim(code == Errc::kCorrupt || code == Errc::kNewerFormat,
          "recovery fails by itself: " + first.error().message);
    claim(env.changes() == changes, "a log is refused and changed: " + first.error().message);
    claim(!damage.empty() || forged.crafted,
          "a log that verify finds sound is refused: " + first.error().message);
    const Result<RecoveredLog> again = recover_log(env, folder, forged_identity(kRole), *boot);
    claim(!again && again.error().code == code, "a log is refused once");
    return false;
  }
  tail = first->tail;
  claim(first->durable <= first->tail, "more is durable than there is");
  claim(first->resume_at >= first->order.next, "numbers would be used again");
  claim(first->resume_at.value <= kSequenceLimit, "a number that no record can have");
  const Result<RecoveredLog> again = recover_log(env, folder, forged_identity(kRole), *boot);
  claim(again.ok(), "a log that was recovered is refused the second time: " +
                        (again ? std::string() : again.error().message));
  claim(again->tail == first->tail && again->order.next == first->order.next &&
            again->sealed == first->sealed && again->resume_at == first->resume_at,
        "recovery finds something else the second time");
  claim(again->report.set_aside_segments == 0, "recovery leaves something to set aside");
  return true;
}

// Records that are new, and where they were stored.
std::vector<ReadRecord> append_some(OpenLog& open, std::int64_t arrival_ms) {
  const std::string bytes = "key-and-payload";
  std::vector<std::uint32_t> columns;
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < kAppended; ++i) {
    columns.insert(columns.end(), {0, 3, 4 + i, 11 - i, kNoHashKey, 0});
    order.push_back(i);
  }
  std::vector<double> offsets(kAppended);
  std::vector<double> arrivals(kAppended);
  const PackedBatch batch{std::as_bytes(std::span(bytes)), columns, order, {arrival_ms}};
  const Result<std::size_t> done = open.log->append(batch, {offsets, arrivals});
  if (!done && done.error().code == Errc::kSealed) return {};
  // Numbers that a crafted log has used up cannot be had again.
  if (!done && done.error().code == Errc::kTooLarge) return {};
  claim(done.ok(), "an append fails: " + (done ? std::string() : done.error().message));
  claim(*done == kAppended, "an append stores a part");
  std::vector<ReadRecord> records;
  for (std::uint32_t i = 0; i < kAppended; ++i) {
    records.push_back(
        {static_cast<std::uint64_t>(offsets[i]), arrivals[i], "key", "", bytes.substr(4 + i), 0});
  }
  return records;
}

void claim_proven(const ReadThrough& read, const ProvenRecords& proven) {
  for (const ReadRecord& record : read.records) {
    claim(proven.holds(record), "a record is read that no frame holds");
  }
}

// The log is used as it was recovered.
void use(const std::shared_ptr<WatchedEnv>& env, const LogOptions& options,
         const ProvenRecords& proven, LogPosition tail, const std::string& damage) {
  std::vector<ReadRecord> expected;
  {
    OpenLog open;
    const Result<void> opened = open.open(env, options);
    claim(opened.ok(), "a log that recovers does not open: " + text_of(opened));
    const ReadThrough before = open.read(kFirstSequence);
    claim_proven(before, proven);
    claim(damage.empty() ? !before.error : true, "a sound log cannot be read");
    std::optional<std::vector<ReadRecord>> chain = proven.chain_to(tail);
    claim(chain.has_value() || !damage.empty(), "a sound log has frames that do not chain");
    if (chain && !before.error) {
      const Result<LogStats> stats = open.log->stats();
      claim(stats.ok(), "a log that can be read has no figures");
      std::erase_if(*chain, [&](const ReadRecord& r) { return r.sequence < stats->first.value; });
      claim(*chain == before.records, "what is read is not what the frames hold");
    }
    const std::vector<ReadRecord> added = append_some(open, 5'000);
    claim(added.empty() || before.records.empty() ||
              added.front().sequence > before.records.back().sequence,
          "a number is used again");
    if (before.error) return;
    expected = before.records;
    expected.insert(expected.end(), added.begin(), added.end());
    const ReadThrough after = open.read(kFirstSequence);
    claim(!after.error && after.records == expected, "what was appended is not what is read");
    const Result<void> closed = open.log->close();
    claim(closed.ok(), "closing fails: " + text_of(closed));
  }
  if (damage.empty()) {
    const std::string left = damage_in(*env);
    claim(left.empty(), "a sound log was used and is damaged: " + left);
  }
  OpenLog again;
  const Result<void> reopened = again.open(env, options);
  claim(reopened.ok(), "a log that was closed does not open: " + text_of(reopened));
  const ReadThrough last = again.read(kFirstSequence);
  claim(!last.error && last.records == expected, "a log has changed by being closed and opened");
}

void run(Bytes input) {
  ByteSource in(input);
  const std::uint8_t mode = in.byte();
  LogOptions options;
  options.written = (mode & 1) != 0;
  options.sync_commits = (mode & 3) == 3;
  const std::shared_ptr<WatchedEnv> env = WatchedEnv::make(false);
  const ForgedLog forged = forge_store(*env, in, kRole);
  const ProvenRecords proven(*env, forged);
  const std::uint64_t changes = env->changes();
  const std::string damage = damage_in(*env);
  claim(env->changes() == changes, "verifying a store changes it");
  LogPosition tail;
  if (recover(*env, forged, damage, tail)) use(env, options, proven, tail, damage);
}

const Target recovery("recovery", run);

}  // namespace
}  // namespace millrace::fuzz
