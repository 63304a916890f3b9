#include "crash/state_check.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "core/findings.h"
#include "core/log_follower.h"
#include "core/store_reader.h"
#include "core/verify.h"
#include "crash/recorded_store.h"
#include "crash/workload.h"

namespace millrace::crash {

namespace {

std::string name_of_log(std::size_t index) { return "log " + std::to_string(index) + ": "; }

class StateCheck {
 public:
  explicit StateCheck(const CrashState& state)
      : state_(state),
        ledger_(*state.ledger),
        machine_(std::make_shared<ReplayedMachine>(state.seed)),
        random_(state.seed) {
    checked_.boot = state.boot + (state.end == End::kSystem ? 1 : 0);
    for (int boot = 0; boot < checked_.boot; ++boot) machine_->reboot();
  }

  CheckedState run() {
    if (Result<void> put = state_.image.put_into(machine_->disk(), "", ""); !put) {
      return failed("the state cannot be made: " + put.error().message);
    }
    const char* doing = "verifying";
    try {
      verify("before it was opened");
      doing = "reading";
      read();
      doing = "opening";
      open();
      doing = "going on";
      if (checked_.wrong.empty()) go_on();
    } catch (const std::exception& error) {
      if (was_promised() || store_was_opened_) wrong(std::string(doing) + ": " + error.what());
    }
    return std::move(checked_);
  }

 private:
  void wrong(std::string what) { checked_.wrong.push_back(std::move(what)); }

  CheckedState failed(std::string what) {
    wrong(std::move(what));
    return std::move(checked_);
  }

  // Of a store that was never synced, nothing is promised once the machine went down: it may be
  // refused, as long as it shows nothing wrong.
  [[nodiscard]] bool was_promised() const noexcept {
    return ledger_.synced || state_.end == End::kProcess;
  }
  [[nodiscard]] bool was_made() const noexcept {
    return was_promised() && ledger_.made <= state_.cut;
  }

  // Somebody has begun to delete it: its files may go in any order.
  [[nodiscard]] bool may_be_gone(const std::string& file) const {
    return std::ranges::any_of(ledger_.logs, [&](const LogLedger& log) {
      const std::string folder = log.folder.substr(log.folder.find('/') + 1);
      return log.dropped <= state_.cut && file.starts_with(folder);
    });
  }

  void verify(const char* when) {
    if (!was_promised()) return;
    const ScanWatch watch;
    Result<StoreReport> report = verify_store(*machine_, kStoreRoot, watch);
    if (!report) {
      if (was_made()) wrong(std::string("verify ") + when + ": " + report.error().message);
      return;
    }
    for (const Finding& finding : report->findings) {
      if (finding.severity != Severity::kDamage || may_be_gone(finding.file)) continue;
      wrong(std::string("verify ") + when + ": damage in " + finding.file + " at byte " +
            std::to_string(finding.offset) + ": " + finding.what);
    }
  }

  // A reader that comes before any writer.
  void read() {
    const auto background = std::make_shared<Background>();
    Result<std::unique_ptr<StoreReader>> reader =
        StoreReader::open(machine_, background, kStoreRoot);
    if (!reader) {
      if (was_made()) wrong("a reader was refused: " + reader.error().message);
      return;
    }
    read_log(*(*reader)->open_meta(), ledger_.meta, "metadata: ");
    for (std::size_t i = 0; i < ledger_.logs.size(); ++i) {
      if (ledger_.logs[i].dropped <= state_.cut) continue;
      read_log(*(*reader)->open_log(ledger_.logs[i].identity), ledger_.logs[i], name_of_log(i));
    }
  }

  void read_log(LogFollower& follower, const LogLedger& ledger, const std::string& name) {
    const Result<LogView> view = view_of(follower);
    if (!view && !was_promised()) return;
    if (!view) return wrong(name + "a reader was refused: " + view.error().message);
    if (const auto seen = ledger.wrong_with(*view, state_.cut, state_.end, false)) {
      wrong(name + "a reader sees: " + *seen);
    }
  }

  void open() {
    // Places count from 1 on: 0 is before the state.
    StoreLedger known = ledger_;
    known.made = was_made() ? 0 : kNever;
    store_ = std::make_unique<RecordedStore>(machine_, state_.seed, std::move(known), 1);
    store_->open(state_.options);
    store_was_opened_ = true;
    const StoreViews views = store_->views();
    judge(views, ledger_, state_.cut, state_.end, "");
    if (!checked_.wrong.empty()) return;
    StoreLedger after = ledger_;
    after.made = store_->ledger().made;
    after.synced = ledger_.synced && state_.options.sync;
    after.meta = behind(ledger_.meta, views.meta);
    for (std::size_t i = 0; i < ledger_.logs.size(); ++i) {
      const auto view = views.logs.find(i);
      after.logs[i] = view != views.logs.end() ? behind(ledger_.logs[i], view->second)
                                               : behind_its_end(ledger_.logs[i], views.meta);
    }
    store_->go_on_from(std::move(after));
  }

  // A log that the metadata does not name goes for good once that is on the disk.
  [[nodiscard]] LogLedger behind(const LogLedger& log, const LogView& view) const {
    return log.behind(view, state_.cut, state_.end, ledger_.synced);
  }

  [[nodiscard]] LogLedger behind_its_end(const LogLedger& log, const LogView& meta) const {
    LogView shown;
    const bool sure = state_.end == End::kSystem;
    for (const PutRecord& put : log.records) {
      if (sure || meta.records.empty() || put.acknowledged > state_.cut) continue;
      shown.records.push_back({.sequence = put.sequence,
                               .arrival_ms = put.arrival_ms,
                               .key = put.content.key,
                               .payload = put.content.payload()});
    }
    LogLedger after = behind(log, shown);
    after.dropped = sure || log.dropped <= state_.cut ? 0 : kNever;
    return after;
  }

  void judge(const StoreViews& views, const StoreLedger& ledger, JournalPlace cut, End end,
             const std::string& when) {
    if (const auto seen = ledger.meta.wrong_with(views.meta, cut, end, true)) {
      wrong(when + "metadata: " + *seen);
    }
    for (std::size_t i = 0; i < ledger.logs.size(); ++i) {
      const auto view = views.logs.find(i);
      if (view == views.logs.end() && asked_to_delete(ledger, i, cut)) continue;
      const LogView nothing;
      const LogView& shown = view == views.logs.end() ? nothing : view->second;
      if (const auto seen = ledger.logs[i].wrong_with(shown, cut, end, true)) {
        wrong(when + name_of_log(i) + *seen);
      }
    }
  }

  static bool asked_to_delete(const StoreLedger& ledger, std::size_t index, JournalPlace cut) {
    const std::string command = "delete " + std::to_string(index);
    return ledger.logs[index].dropped <= cut ||
           std::ranges::any_of(ledger.meta.records, [&](const PutRecord& put) {
             return put.started < cut && put.content.payload_head == command;
           });
  }

  // Appends to every log, and does what comes to mind; then everything is there, whether the
  // process ends well or not.
  void go_on() {
    const RecordSizes sizes{.fixed_bytes = random_.once_in(2) ? fixed_bytes() : 0, .zeros_max = 0};
    std::int64_t now_ms = 10'000;
    for (std::size_t i = 0; i < store_->open_count(); ++i) {
      const LogLedger& log = store_->open_ledger(i);
      const std::uint64_t unused = log.used_below;
      const std::size_t before = log.records.size();
      store_->append(i, 1 + random_.below(3), sizes, now_ms);
      const bool answered = log.records.size() > before && was_promised();
      if (answered && log.records[before].sequence < unused) {
        wrong("number " + std::to_string(log.records[before].sequence) +
              " was used before and names another record now");
      }
    }
    store_->create_log();
    for (std::uint64_t step = random_.below(5); step > 0; --step) act(sizes, now_ms += 50);
    judge(store_->views(), store_->ledger(), kNever - 1, End::kProcess, "having gone on, ");
    const bool ends_well = random_.once_in(2);
    if (ends_well) {
      store_->close();
    } else {
      store_->die();
    }
    verify("after it was opened and left");
    store_->open(state_.options);
    judge(store_->views(), store_->ledger(), kNever - 1, End::kProcess, "opened once more, ");
    store_->close();
    checked_.calls = machine_->recorder().take_calls();
    checked_.ledger = store_->ledger();
    checked_.went_on = true;
    note_durable_trims(checked_.ledger, checked_.calls, 1);
  }

  void act(const RecordSizes& sizes, std::int64_t now_ms) {
    const std::size_t log = random_.below(store_->open_count());
    switch (random_.below(6)) {
      case 0:
        return store_->flush(log);
      case 1:
        return store_->trim(log, random_.below(1'001));
      case 2:
        return store_->seal(log, now_ms);
      case 3:
        return store_->help(random_);
      default:
        return store_->append(log, 1 + random_.below(3), sizes, now_ms);
    }
  }

  // As one of the records that are there: so that its frame ends where an old one ended.
  std::uint64_t fixed_bytes() {
    for (const LogLedger& log : ledger_.logs) {
      if (log.records.empty()) continue;
      return log.records[random_.below(log.records.size())].content.payload_head.size();
    }
    return 0;
  }

  const CrashState& state_;
  const StoreLedger& ledger_;
  const std::shared_ptr<ReplayedMachine> machine_;
  test::Random random_;
  std::unique_ptr<RecordedStore> store_;
  bool store_was_opened_ = false;
  CheckedState checked_;
};

}  // namespace

CheckedState check_state(const CrashState& state) { return StateCheck(state).run(); }

}  // namespace millrace::crash
