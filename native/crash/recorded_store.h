#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/engine.h"
#include "core/log_options.h"
#include "crash/lane_gates.h"
#include "crash/ledger.h"
#include "crash/record_batch.h"
#include "crash/replayed_machine.h"
#include "crash/store_views.h"
#include "test/random.h"

namespace millrace::crash {

inline constexpr const char* kStoreRoot = "store";

// A store that somebody uses, with a ledger of what was done and answered. What goes wrong without
// having been planned ends the program's work by an exception.
class RecordedStore {
 public:
  // `ledger` is of what the machine's disk holds already; places count from `first_place` on.
  RecordedStore(std::shared_ptr<ReplayedMachine> machine, std::uint64_t seed, StoreLedger ledger,
                JournalPlace first_place);
  ~RecordedStore();

  [[nodiscard]] const StoreLedger& ledger() const noexcept { return ledger_; }
  [[nodiscard]] bool poisoned() const noexcept { return poisoned_; }
  [[nodiscard]] std::size_t open_count() const noexcept { return open_.size(); }
  [[nodiscard]] const LogLedger& open_ledger(std::size_t nth) const {
    return ledger_.logs.at(open_.at(nth).index);
  }

  void open(const LogOptions& options);
  // What the open logs show; those that the metadata does not name have none.
  [[nodiscard]] StoreViews views();
  // From here on the ledger counts as that of the state that was opened.
  void go_on_from(StoreLedger ledger) { ledger_ = std::move(ledger); }
  void close();
  // As if the process had died.
  void die();
  // Lets helper threads work: one lane or both, for a turn.
  void help(test::Random& random);

  void create_log();
  void drop_log(std::size_t nth, bool while_open);
  void snapshot();
  // The nth open log takes so many records in one batch.
  void append(std::size_t nth, std::size_t count, const RecordSizes& sizes, std::int64_t now_ms);
  // Every open log takes some, in one commit.
  void append_together(const RecordSizes& sizes, std::int64_t now_ms);
  void append_one(std::size_t nth, const RecordSizes& sizes, std::int64_t now_ms);
  void trim(std::size_t nth, std::uint64_t per_mille);
  void seal(std::size_t nth, std::int64_t now_ms);
  void flush(std::size_t nth);

 private:
  struct OpenLog {
    std::size_t index;  // in the ledger
    std::unique_ptr<ShardLog> log;
  };

  [[nodiscard]] JournalPlace place() const;
  [[nodiscard]] RecordBatch draw(ShardLog& log, std::size_t count, const RecordSizes& sizes,
                                 std::int64_t now_ms);
  void settle(LogLedger& ledger, const RecordBatch& batch, const Result<std::size_t>& answer);
  void command(const std::string& text);
  void open_logs();
  void let_go();
  void rest();
  void note_durable(LogLedger& ledger, ShardLog& log);
  void note_all_durable();
  void note_all_durable_of(LogLedger& ledger) const;
  void look_for_poison(ShardLog& log);
  // Whether it went well; a poisoned log ends the workload, anything else is a failure.
  bool went_well(const Error* error);

  std::shared_ptr<ReplayedMachine> machine_;
  StoreLedger ledger_;
  const JournalPlace first_place_;
  test::Random random_;
  LogOptions options_;
  ContentSource contents_;
  bool poisoned_ = false;

  std::shared_ptr<Background> background_;
  std::unique_ptr<LaneGates> gates_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<ShardLog> meta_;
  std::vector<OpenLog> open_;
};

}  // namespace millrace::crash
