#include "crash/workload.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace millrace::crash {

namespace {

using enum Durability;

const std::vector<Workload>& all() {
  static const std::vector<Workload> workloads{
      {.name = "process", .modes = {kProcess}, .logs = 2, .mix = {.seal = 1}},
      {.name = "process-rolls",
       .modes = {kProcess},
       .rolls_by_age = true,
       .mix = {.flush = 1, .trim = 2, .reopen = 1}},
      {.name = "process-large",
       .modes = {kProcess},
       .steps = 30,
       .zeros_max = 700'000,
       .mix = {.trim = 2, .seal = 1, .die = 1}},
      {.name = "commit",
       .modes = {kCommit},
       .logs = 3,
       .mix = {.append = 4, .append_together = 8, .flush = 1, .trim = 1, .seal = 1}},
      {.name = "commit-rolls",
       .modes = {kCommit},
       .logs = 2,
       .steps = 40,
       .rolls_by_age = true,
       .mix = {.append = 5, .append_together = 5, .trim = 2, .reopen = 1, .die = 1}},
      {.name = "commit-large",
       .modes = {kCommit},
       .steps = 24,
       .zeros_max = 700'000,
       .mix = {.trim = 1, .seal = 1}},
      {.name = "interval",
       .modes = {kInterval},
       .logs = 2,
       .mix = {.append = 6, .append_together = 4, .seal = 1, .die = 1}},
      {.name = "none", .modes = {kNone}, .mix = {.flush = 0, .trim = 1, .die = 1}},
      {.name = "modes",
       .modes = {kProcess, kCommit, kInterval},
       .logs = 2,
       .rolls_by_age = true,
       .mix = {.append = 8, .append_together = 3, .trim = 1, .reopen = 2, .die = 3}},
      {.name = "lifecycle",
       .modes = {kProcess, kCommit},
       .logs = 1,
       .mix = {.append = 8, .reopen = 1, .die = 1, .create = 3, .drop = 3, .snapshot = 2}},
      {.name = "reopens",
       .modes = {kProcess},
       .mix = {.append = 6, .flush = 1, .help = 3, .trim = 1, .reopen = 3, .die = 4}},
      {.name = "failures",
       .modes = {kProcess, kCommit, kInterval},
       .logs = 2,
       .steps = 40,
       .fails = true,
       .mix = {.append = 8, .append_together = 3, .flush = 3, .trim = 1}},
  };
  return workloads;
}

// One run of a workload: what is done next, drawn from the seed.
class Run {
 public:
  Run(const Workload& workload, std::uint64_t seed)
      : workload_(workload),
        random_(seed),
        machine_(std::make_shared<ReplayedMachine>(random_.next())),
        store_(machine_, random_.next(), {}, 0) {
    sizes_.zeros_max = workload.zeros_max;
    if (random_.once_in(3)) sizes_.fixed_bytes = random_.between(20, 900);
    if (random_.once_in(2)) machine_->share_flushes_below(1 << 20);
  }

  Recording run() {
    store_.open(next_options());
    for (std::size_t i = 0; i < workload_.logs; ++i) store_.create_log();
    if (workload_.fails) plan_failure();
    for (std::size_t i = 0; i < workload_.steps && !store_.poisoned(); ++i) step();
    if (!store_.poisoned() && random_.once_in(2)) {
      store_.close();
    } else {
      store_.die();
    }
    machine_->faults().clear();
    return {machine_->recorder().take_calls(), store_.ledger(), store_.poisoned()};
  }

 private:
  LogOptions next_options() {
    return options_of(workload_.modes[random_.below(workload_.modes.size())], workload_);
  }

  void plan_failure() {
    Fault fault;
    constexpr std::array kCalls{EnvCall::kSyncData, EnvCall::kSyncData, EnvCall::kWrite,
                                EnvCall::kSyncDirectory};
    fault.call = kCalls[random_.below(kCalls.size())];
    fault.nth = 1 + random_.below(12);
    fault.path_part = "shards/";
    machine_->faults().plan(fault);
  }

  std::size_t any_log() { return random_.below(store_.open_count()); }

  void step() {
    // Now and then no time passes; mostly enough for a segment to be old.
    now_ms_ += static_cast<std::int64_t>(random_.below(4) * 40);
    const Mix& mix = workload_.mix;
    const std::array<std::pair<std::uint32_t, std::function<void()>>, 11> choices{{
        {mix.append, [&] { append(); }},
        {mix.append_together, [&] { store_.append_together(sizes_, now_ms_); }},
        {mix.flush,
         [&] {
           if (store_.open_count() > 0) store_.flush(any_log());
         }},
        {mix.help, [&] { store_.help(random_); }},
        {mix.trim, [&] { trim(); }},
        {mix.seal, [&] { seal(); }},
        {mix.reopen,
         [&] {
           store_.close();
           store_.open(next_options());
         }},
        {mix.die,
         [&] {
           store_.die();
           store_.open(next_options());
         }},
        {mix.create, [&] { store_.create_log(); }},
        {mix.drop,
         [&] {
           if (store_.open_count() > 0) store_.drop_log(any_log(), random_.once_in(2));
         }},
        {mix.snapshot, [&] { store_.snapshot(); }},
    }};
    std::uint64_t sum = 0;
    for (const auto& [weight, act] : choices) sum += weight;
    std::uint64_t drawn = random_.below(sum);
    for (const auto& [weight, act] : choices) {
      if (drawn < weight) return act();
      drawn -= weight;
    }
  }

  void append() {
    if (store_.open_count() == 0) return;
    const std::size_t log = any_log();
    if (random_.once_in(3)) {
      store_.append_one(log, sizes_, now_ms_);
    } else {
      store_.append(log, 1 + random_.below(5), sizes_, now_ms_);
    }
  }

  void trim() {
    if (store_.open_count() > 0) store_.trim(any_log(), random_.below(1'001));
  }

  // A log of several, late: a sealed one takes no more records.
  void seal() {
    if (store_.open_count() > 0 && random_.once_in(4)) store_.seal(any_log(), now_ms_);
  }

  const Workload& workload_;
  test::Random random_;
  const std::shared_ptr<ReplayedMachine> machine_;
  RecordedStore store_;
  RecordSizes sizes_;
  std::int64_t now_ms_ = 1'000;
};

// Where the control page of a log was synced behind `from`.
JournalPlace control_synced(const std::vector<RecordedCall>& calls, const std::string& folder,
                            JournalPlace from, JournalPlace first_place) {
  for (std::size_t i = from - first_place; i < calls.size(); ++i) {
    const RecordedCall& call = calls[i];
    const bool synced = call.kind == RecordedCall::Kind::kSyncData && call.sys_errno == 0;
    if (synced && call.path == folder + "/ctl") return first_place + i + 1;
  }
  return kNever;
}

void note_trims(LogLedger& ledger, const std::vector<RecordedCall>& calls,
                JournalPlace first_place) {
  for (TrimMade& trim : ledger.trims) {
    if (trim.done == kNever || trim.done < first_place || trim.durable != kNever) continue;
    trim.durable = control_synced(calls, ledger.folder, trim.done, first_place);
  }
}

}  // namespace

std::span<const Workload> workloads() { return all(); }

LogOptions options_of(Durability mode, const Workload& workload) {
  LogOptions options;
  options.checkpoint_ms = 1'000'000'000;  // by the workload alone
  options.checkpoint_bytes = 16 * kKiB;
  options.segment_age_ms = workload.rolls_by_age ? 100 : 1'000'000;
  options.sync = mode != kNone;
  options.written = mode == kCommit || mode == kInterval;
  options.sync_commits = mode == kCommit;
  return options;
}

Recording record(const Workload& workload, std::uint64_t seed) {
  Recording recording = Run(workload, seed).run();
  note_durable_trims(recording.ledger, recording.calls, 0);
  return recording;
}

void note_durable_trims(StoreLedger& ledger, const std::vector<RecordedCall>& calls,
                        JournalPlace first_place) {
  note_trims(ledger.meta, calls, first_place);
  for (LogLedger& log : ledger.logs) note_trims(log, calls, first_place);
}

}  // namespace millrace::crash
