#include "crash/recorded_store.h"

#include <stdexcept>
#include <type_traits>
#include <utility>

namespace millrace::crash {

namespace {

using Lane = Background::Lane;

[[noreturn]] void give_up(const Error& error) { throw std::runtime_error(error.message); }

template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace

RecordedStore::RecordedStore(std::shared_ptr<ReplayedMachine> machine, std::uint64_t seed,
                             StoreLedger ledger, JournalPlace first_place)
    : machine_(std::move(machine)),
      ledger_(std::move(ledger)),
      first_place_(first_place),
      random_(seed) {}

RecordedStore::~RecordedStore() {
  if (engine_) die();
}

JournalPlace RecordedStore::place() const {
  return first_place_ + machine_->recorder().call_count();
}

bool RecordedStore::went_well(const Error* error) {
  if (error == nullptr) return true;
  if (error->code != Errc::kPoisoned && error->code != Errc::kIo) give_up(*error);
  poisoned_ = true;
  return false;
}

void RecordedStore::open(const LogOptions& options) {
  options_ = options;
  ledger_.synced = ledger_.synced && options.sync;
  background_ = std::make_shared<Background>();
  gates_ = std::make_unique<LaneGates>(*background_);
  engine_ = must(Engine::open(machine_, background_, kStoreRoot, options));
  if (ledger_.made == kNever) ledger_.made = place();
  meta_ = must(engine_->open_meta());
  if (ledger_.meta.folder.empty()) ledger_.meta.folder = std::string(kStoreRoot) + "/meta";
  open_logs();
  note_all_durable();
}

void RecordedStore::open_logs() {
  const LogView metadata = must(view_of(*meta_));
  std::vector<LogIdentity> identities;
  const std::vector<std::size_t> live = live_logs(metadata.records);
  for (const std::size_t index : live) identities.push_back(ledger_.logs.at(index).identity);
  (void)must(engine_->sweep(identities));
  for (const std::size_t index : live) {
    open_.push_back({index, must(engine_->open_log(ledger_.logs[index].identity))});
  }
}

StoreViews RecordedStore::views() {
  StoreViews views;
  views.meta = must(view_of(*meta_));
  for (OpenLog& open : open_) views.logs.emplace(open.index, must(view_of(*open.log)));
  return views;
}

void RecordedStore::rest() {
  for (const Lane lane : {Lane::kPages, Lane::kSync, Lane::kPages, Lane::kSync, Lane::kPages}) {
    gates_->run(lane);
  }
}

void RecordedStore::close() {
  rest();
  for (OpenLog& open : open_) {
    look_for_poison(*open.log);
    const Result<void> closed = open.log->close();
    (void)went_well(closed ? nullptr : &closed.error());
    if (!poisoned_ && options_.sync) note_all_durable_of(ledger_.logs[open.index]);
  }
  must(meta_->close());
  if (options_.sync) ledger_.meta.note_durable(kNever, place());
  rest();
  gates_->open();
  open_.clear();
  meta_.reset();
  must(engine_->close());
  let_go();
}

void RecordedStore::die() {
  rest();  // a log that is let go of waits for a segment that is being prepared
  gates_->open();
  open_.clear();
  meta_.reset();
  let_go();
}

void RecordedStore::let_go() {
  engine_.reset();
  gates_.reset();
  background_.reset();
}

void RecordedStore::help(test::Random& random) {
  const std::uint64_t choice = random.below(4);
  if (choice != 0) gates_->run(Lane::kPages);
  if (choice != 1) gates_->run(Lane::kSync);
  note_all_durable();
}

// A metadata record, durable when this returns, if anything is.
void RecordedStore::command(const std::string& text) {
  RecordBatch batch(1);
  batch.add({.key = "", .payload_head = text, .payload_bytes = text.size()},
            must(meta_->stats()).next.value, place());
  settle(ledger_.meta, batch, meta_->append(batch.packed(), batch.slots()));
  if (poisoned_) return;
  if (Result<void> synced = meta_->flush(); !synced) {
    (void)went_well(&synced.error());
    return;
  }
  if (options_.sync) ledger_.meta.note_durable(kNever, place());
}

void RecordedStore::create_log() {
  const std::size_t index = ledger_.logs.size();
  LogLedger log;
  log.identity = must(engine_->new_identity(static_cast<std::uint32_t>(index)));
  log.folder = std::string(kStoreRoot) + "/shards/" + folder_name(log.identity);
  ledger_.logs.push_back(std::move(log));
  command("create " + std::to_string(index));
  if (poisoned_) return;
  open_.push_back({index, must(engine_->open_log(ledger_.logs[index].identity))});
}

void RecordedStore::drop_log(std::size_t nth, bool while_open) {
  OpenLog dropped = std::move(open_.at(nth));
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(nth));
  command("delete " + std::to_string(dropped.index));
  if (poisoned_) return;
  LogLedger& ledger = ledger_.logs[dropped.index];
  ledger.dropped = place();
  gates_->run(Lane::kPages);
  if (while_open) must(engine_->drop(ledger.identity));
  must(dropped.log->close());
  dropped.log.reset();
  engine_->left(ledger.identity);
  if (!while_open) must(engine_->drop(ledger.identity));
}

void RecordedStore::snapshot() {
  std::string text = "snapshot";
  for (const OpenLog& open : open_) text += " " + std::to_string(open.index);
  const JournalPlace started = place();
  command(text);
  if (poisoned_) return;
  TrimMade trim{.before = ledger_.meta.records.back().sequence, .started = started};
  must(meta_->trim({trim.before}));
  trim.done = place();
  ledger_.meta.trims.push_back(trim);
}

RecordBatch RecordedStore::draw(ShardLog& log, std::size_t count, const RecordSizes& sizes,
                                std::int64_t now_ms) {
  const std::uint64_t next = must(log.stats()).next.value;
  RecordBatch batch(now_ms);
  for (std::size_t i = 0; i < count; ++i) {
    batch.add(contents_.draw(random_, sizes), next + i, place());
  }
  return batch;
}

// Puts what was answered into the ledger. What was refused may have been stored in part.
void RecordedStore::settle(LogLedger& ledger, const RecordBatch& batch,
                           const Result<std::size_t>& answer) {
  const std::size_t done = went_well(answer ? nullptr : &answer.error()) ? *answer : 0;
  for (std::size_t i = 0; i < batch.count(); ++i) {
    PutRecord put = i < done ? batch.answered(i) : batch.put(i);
    if (i < done) {
      put.acknowledged = place();
      if (options_.sync_commits) put.durable = place();
    }
    ledger.records.push_back(std::move(put));
  }
}

void RecordedStore::append(std::size_t nth, std::size_t count, const RecordSizes& sizes,
                           std::int64_t now_ms) {
  OpenLog& open = open_.at(nth);
  if (ledger_.logs[open.index].seal.started != kNever) return;
  RecordBatch batch = draw(*open.log, count, sizes, now_ms);
  settle(ledger_.logs[open.index], batch, open.log->append(batch.packed(), batch.slots()));
  note_durable(ledger_.logs[open.index], *open.log);
}

void RecordedStore::append_together(const RecordSizes& sizes, std::int64_t now_ms) {
  if (!options_.written) return;
  std::vector<std::pair<OpenLog*, RecordBatch>> batches;
  for (OpenLog& open : open_) {
    if (ledger_.logs[open.index].seal.started != kNever) continue;
    const std::size_t count = 1 + random_.below(3);
    batches.emplace_back(&open, draw(*open.log, count, sizes, now_ms));
  }
  std::vector<GroupAppend> appends;
  for (auto& [open, batch] : batches) {
    appends.push_back({.log = open->log.get(), .batch = batch.packed(), .out = batch.slots()});
  }
  millrace::append_together(appends);
  for (std::size_t i = 0; i < appends.size(); ++i) {
    settle(ledger_.logs[batches[i].first->index], batches[i].second, appends[i].answer);
  }
}

void RecordedStore::append_one(std::size_t nth, const RecordSizes& sizes, std::int64_t now_ms) {
  OpenLog& open = open_.at(nth);
  LogLedger& ledger = ledger_.logs[open.index];
  if (options_.written || ledger.seal.started != kNever) return append(nth, 1, sizes, now_ms);
  RecordBatch batch = draw(*open.log, 1, sizes, now_ms);
  const PutContent put = batch.put(0).content;
  const std::string payload = put.payload();
  const FrameContent content{.type = FrameType::kData,
                             .flags = 0,
                             .key = test::text_bytes(put.key),
                             .hash_key = nullptr,
                             .payload = test::text_bytes(payload)};
  const Result<AppendedRecord> placed = open.log->append_one(content, {now_ms});
  if (placed) {
    batch.slots().offsets[0] = static_cast<double>(placed->sequence.value);
    batch.slots().arrivals_ms[0] = static_cast<double>(placed->arrival.ms);
  }
  settle(ledger, batch, placed ? Result<std::size_t>(std::size_t{1}) : placed.error());
  note_durable(ledger, *open.log);
}

void RecordedStore::trim(std::size_t nth, std::uint64_t per_mille) {
  OpenLog& open = open_.at(nth);
  const LogStats stats = must(open.log->stats());
  TrimMade trim{
      .before = stats.first.value + (stats.next.value - stats.first.value) * per_mille / 1000,
      .started = place()};
  // Between two records of a gap any number is as good.
  must(open.log->trim({trim.before}));
  trim.done = place();
  ledger_.logs[open.index].trims.push_back(trim);
}

void RecordedStore::seal(std::size_t nth, std::int64_t now_ms) {
  OpenLog& open = open_.at(nth);
  SealMade& seal = ledger_.logs[open.index].seal;
  if (seal.started != kNever) return;
  seal.started = place();
  const Result<Sequence> end = open.log->seal({now_ms});
  if (!went_well(end ? nullptr : &end.error())) return;
  seal.acknowledged = place();
  note_durable(ledger_.logs[open.index], *open.log);
}

void RecordedStore::flush(std::size_t nth) {
  OpenLog& open = open_.at(nth);
  const Result<void> flushed = open.log->flush();
  if (!went_well(flushed ? nullptr : &flushed.error())) return;
  if (options_.sync) note_all_durable_of(ledger_.logs[open.index]);
  note_durable(ledger_.logs[open.index], *open.log);
}

// A helper's failure meets nobody until the next append.
void RecordedStore::look_for_poison(ShardLog& log) {
  const std::shared_ptr<Checkpointer> checkpointer = log.shared()->checkpointer();
  poisoned_ = poisoned_ || (checkpointer && checkpointer->poisoned());
}

// Everything that the log was told is durable from here on.
void RecordedStore::note_all_durable_of(LogLedger& ledger) const {
  ledger.note_durable(kNever, place());
  SealMade& seal = ledger.seal;
  if (seal.acknowledged != kNever && seal.durable == kNever) seal.durable = place();
}

void RecordedStore::note_durable(LogLedger& ledger, ShardLog& log) {
  look_for_poison(log);
  if (poisoned_) return;
  const LogStats stats = must(log.stats());
  ledger.note_durable(stats.durable.value, place());
  SealMade& seal = ledger.seal;
  const bool ended = seal.acknowledged != kNever && stats.durable >= stats.next;
  if (ended && options_.sync && seal.durable == kNever) seal.durable = place();
}

void RecordedStore::note_all_durable() {
  for (OpenLog& open : open_) note_durable(ledger_.logs[open.index], *open.log);
  note_durable(ledger_.meta, *meta_);
}

}  // namespace millrace::crash
