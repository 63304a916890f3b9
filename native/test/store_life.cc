#include "test/store_life.h"

#include <algorithm>
#include <utility>

#include "core/log_follower.h"
#include "core/store_reader.h"
#include "core/verify.h"

namespace millrace::test {

namespace {

constexpr const char* kRoot = "store";
constexpr std::size_t kLargeBytes = 600'000;  // two do not fit into one segment

// What a failing call may be answered with, and how it says which call that was.
bool is_typed(const Error& error) {
  const bool named = error.message.find(kRoot) != std::string::npos ||
                     error.message.find("fsync .:") != std::string::npos ||  // above the root
                     error.message.find("boot id") != std::string::npos ||
                     error.message.find("getrandom") != std::string::npos;
  switch (error.code) {
    case Errc::kIo:
    case Errc::kNoSpace:
    case Errc::kPermission:
    case Errc::kPoisoned:
    case Errc::kBacklog:
      return named;
    default:
      return false;
  }
}

}  // namespace

StoreLife::StoreLife(std::shared_ptr<Env> env, const LogOptions& options,
                     std::function<void()> make_cold)
    : env_(std::move(env)), options_(options), make_cold_(std::move(make_cold)) {
  for (std::size_t i = 1; i < kCount; ++i) {
    identities_[i].uuid.fill(static_cast<std::byte>(0x10 + i));
    identities_[i].shard = static_cast<std::uint32_t>(i);
  }
}

StoreLife::~StoreLife() { die(); }

void StoreLife::failed(const Error& error) {
  if (errors_++ == 0) first_error_ = error.message;
  if (error.code == Errc::kPoisoned) ++poisoned_;
  if (!is_typed(error)) fail("not an error for a failed call: " + describe(error));
}

bool StoreLife::start() {
  background_ = std::make_shared<Background>();
  Result<std::unique_ptr<Engine>> engine = Engine::open(env_, background_, kRoot, options_);
  if (!succeeded(engine)) return false;
  engine_ = std::move(*engine);
  for (LogLedger& ledger : ledgers_) ledger.poisoned = false;
  return open_log(kMeta);
}

bool StoreLife::open_log(Name name) {
  Result<std::unique_ptr<ShardLog>> log =
      name == kMeta ? engine_->open_meta() : engine_->open_log(identities_[name]);
  if (succeeded(log)) logs_[name] = std::move(*log);
  return log.ok();
}

void StoreLife::die() {
  for (std::unique_ptr<ShardLog>& log : logs_) log.reset();
  engine_.reset();
  background_.reset();
}

std::string StoreLife::payload(Name name, std::size_t bytes) {
  std::string text = std::to_string(name) + "/" + std::to_string(++put_count_) + " ";
  text.resize(std::max(bytes, text.size()), '.');
  return text;
}

// Notes what was answered for a batch.
void StoreLife::settle(Name name, const std::vector<std::string>& payloads,
                       const std::vector<double>& out, const Result<std::size_t>& answer) {
  LogLedger& ledger = ledgers_[name];
  for (std::size_t i = 0; answer && i < *answer; ++i) {
    const auto number = static_cast<std::uint64_t>(out[i]);
    expect(ledger.stored.emplace(number, payloads[i]).second, "a number was used twice");
    if (options_.sync_commits) ledger.durable = number;
  }
  if (succeeded(answer)) return;
  // Frames of a commit that failed may be on the disk or not.
  const bool poisoned = answer.error().code == Errc::kPoisoned;
  if (poisoned && options_.written && !std::exchange(ledger.poisoned, true)) {
    ledger.uncertain.insert(payloads.begin(), payloads.end());
  }
}

void StoreLife::put(Name name, std::vector<std::string> payloads) {
  if (!logs_[name]) return;
  BatchBuilder batch;
  for (const std::string& text : payloads) batch.add("key", text);
  std::vector<double> out(payloads.size());
  std::vector<double> arrivals(payloads.size());
  settle(name, payloads, out, logs_[name]->append(batch.packed(), {out, arrivals}));
  background_->drain();
}

void StoreLife::put_together(std::array<Name, 2> names) {
  if (!options_.written || !logs_[names[0]] || !logs_[names[1]]) {
    for (const Name name : names) put(name, {payload(name, 3'000)});
    return;
  }
  std::array<std::vector<std::string>, 2> payloads;
  std::array<BatchBuilder, 2> batches;
  std::array<std::vector<double>, 2> out{std::vector<double>(1), std::vector<double>(1)};
  std::vector<double> arrivals(1);
  std::vector<GroupAppend> parts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    payloads[i] = {payload(names[i], 3'000)};
    batches[i].add("key", payloads[i][0]);
    parts.push_back(
        {.log = logs_[names[i]].get(), .batch = batches[i].packed(), .out = {out[i], arrivals}});
  }
  append_together(parts);
  for (std::size_t i = 0; i < names.size(); ++i) {
    settle(names[i], payloads[i], out[i], parts[i].answer);
  }
  background_->drain();
}

bool StoreLife::flush(Name name) {
  if (!logs_[name]) return false;
  const Result<void> flushed = logs_[name]->flush();
  background_->drain();
  if (!succeeded(flushed)) return false;
  LogLedger& ledger = ledgers_[name];
  if (options_.sync && !ledger.stored.empty()) ledger.durable = ledger.stored.rbegin()->first;
  return true;
}

// Records are what was put, each at its place; `records` begins at or behind the first one.
void StoreLife::check_read(Name name, const std::vector<ReadRecord>& records) {
  std::set<std::string> seen;
  for (const ReadRecord& record : records) {
    const std::string head = record.payload.substr(0, record.payload.find(' '));
    const std::map<std::uint64_t, std::string>& stored = ledgers_[name].stored;
    const auto known = stored.find(record.sequence);
    if (known != stored.end()) {
      expect(known->second == record.payload, "a record with the content of another: " + head);
    } else {
      expect(ledgers_[name].uncertain.contains(record.payload),
             "was refused, and is there: " + head);
    }
    expect(seen.insert(record.payload).second, "is there twice: " + head);
  }
}

void StoreLife::read(Name name) {
  if (!logs_[name]) return;
  Page page;
  Result<std::vector<ReadRecord>> records =
      read_page(*logs_[name], ledgers_[name].trimmed, 20, 64 * kKiB, page);
  if (succeeded(records)) check_read(name, *records);
  succeeded(logs_[name]->seek({1'000}));
  succeeded(logs_[name]->stats());
  background_->drain();
}

// As a process that only reads.
void StoreLife::read_elsewhere() {
  const auto background = std::make_shared<Background>();
  Result<std::unique_ptr<StoreReader>> reader = StoreReader::open(env_, background, kRoot);
  if (succeeded(reader)) {
    const std::unique_ptr<LogFollower> log = (*reader)->open_log(identities_[kLong]);
    const ReadCall call = [&](Sequence at, const PageLimits& limits, const PageBuffers& into) {
      return log->read(at, limits, into);
    };
    Page page;
    Result<std::vector<ReadRecord>> records =
        read_page(call, ledgers_[kLong].trimmed, 20, 64 * kKiB, page);
    if (succeeded(records)) check_read(kLong, *records);
    succeeded(log->stats());
  }
  succeeded(verify_store(*env_, kRoot, ScanWatch{}));
}

// A page that is not in memory is loaded first, as the event loop has it done.
void StoreLife::read_cold() {
  if (!logs_[kLong]) return;
  make_cold_();
  const ReadCall call = [&](Sequence at, PageLimits limits, const PageBuffers& into) {
    limits.resident_only = true;
    return logs_[kLong]->read(at, limits, into);
  };
  for (int round = 0; round < 4; ++round) {
    Page page;
    Result<std::vector<ReadRecord>> records =
        read_page(call, ledgers_[kLong].trimmed, 2, 64 * kKiB, page);
    if (records) check_read(kLong, *records);
    if (records || records.error().code != Errc::kNotResident) {
      succeeded(records);
      break;
    }
    if (std::optional<ColdStretch> cold = logs_[kLong]->take_cold()) cold->load();
  }
  background_->drain();
}

void StoreLife::lend() {
  if (!logs_[kLong]) return;
  succeeded(logs_[kLong]->lease({ledgers_[kLong].trimmed}));
  background_->drain();
}

void StoreLife::fill() {
  put(kLong, {payload(kLong, 10), payload(kLong, 2'000), payload(kLong, 20)});
  put_together({kLong, kShort});
  for (int i = 0; i < 3; ++i) put(kLong, {payload(kLong, kLargeBytes)});
  flush(kLong);
  put_together({kShort, kLong});
  flush(kShort);
  put(kSealed, {payload(kSealed, 100)});
  put(kDropped, {payload(kDropped, 100)});
}

void StoreLife::look_around() {
  read(kLong);
  read_elsewhere();
  read_cold();
  lend();
}

void StoreLife::first_process() {
  succeeded(engine_->new_identity(7));
  // No log is made that the metadata does not name.
  put(kMeta, {payload(kMeta, 100)});
  if (ledgers_[kMeta].stored.empty() || (options_.sync && !flush(kMeta))) return;
  for (const Name name : {kLong, kShort, kSealed, kDropped}) open_log(name);
  fill();
  look_around();
  if (logs_[kLong]) {
    const std::map<std::uint64_t, std::string>& stored = ledgers_[kLong].stored;
    const std::uint64_t before = stored.empty() ? 1 : stored.rbegin()->first;
    if (succeeded(logs_[kLong]->trim({before}))) ledgers_[kLong].trimmed = before;
    background_->drain();
  }
  if (logs_[kSealed] && succeeded(logs_[kSealed]->seal({2'000}))) ledgers_[kSealed].sealed = true;
  background_->drain();
  if (logs_[kDropped]) succeeded(logs_[kDropped]->close());
  logs_[kDropped].reset();
  succeeded(engine_->drop(identities_[kDropped]));
  background_->drain();
  succeeded(engine_->sweep({identities_[kLong], identities_[kShort], identities_[kSealed]}));
  background_->drain();
  for (const Name name : {kLong, kSealed, kMeta}) {
    if (logs_[name]) succeeded(logs_[name]->close());
  }
  succeeded(engine_->close());
}

void StoreLife::second_process() {
  if (ledgers_[kMeta].stored.empty()) put(kMeta, {payload(kMeta, 100)});
  if (ledgers_[kMeta].stored.empty() || (options_.sync && !flush(kMeta))) return;
  for (const Name name : {kLong, kShort, kSealed}) open_log(name);
  put_together({kLong, kShort});
  put(kLong, {payload(kLong, kLargeBytes), payload(kLong, kLargeBytes)});
  flush(kShort);
  read(kLong);
  read(kShort);
  read(kSealed);
}

void StoreLife::run() {
  if (start()) first_process();
  die();
  if (start()) second_process();
}

void StoreLife::expect_works() {
  if (!engine_ || !logs_[kMeta]) return;
  for (const Name name : {kMeta, kLong, kShort}) {
    if (!logs_[name]) continue;
    const std::size_t before = ledgers_[name].stored.size();
    const std::size_t errors = errors_;
    put(name, {payload(name, 50)});
    const bool stored = ledgers_[name].stored.size() == before + 1;
    const bool poisoned = logs_[name]->shared()->checkpointer() != nullptr &&
                          logs_[name]->shared()->checkpointer()->poisoned();
    expect(stored || poisoned, "stores nothing any more: " + first_error_);
    expect(!stored || errors == errors_);
  }
}

void StoreLife::expect_found(Since since) {
  die();
  const bool all = since == Since::kProcessDied;
  if (!start()) return fail("the store does not open: " + first_error_);
  for (const Name name : {kMeta, kLong, kShort, kSealed}) {
    if (name != kMeta && !open_log(name)) return fail("a log does not open: " + first_error_);
    const LogLedger& ledger = ledgers_[name];
    Result<LogStats> stats = logs_[name]->stats();
    if (!expect_ok(stats)) return;
    std::vector<ReadRecord> records;
    std::uint64_t from = stats->first.value;
    for (Page page; !page.at_tail; from = page.next.value) {
      Result<std::vector<ReadRecord>> some = read_page(*logs_[name], from, 100, kMiB, page);
      if (!some && some.error().code == Errc::kTrimmed) {
        from = some.error().detail;  // a crash has taken what lay behind the trim
        some = read_page(*logs_[name], from, 100, kMiB, page);
      }
      if (!expect_ok(some)) return;
      records.insert(records.end(), some->begin(), some->end());
    }
    check_read(name, records);
    if (all && !records.empty()) expect_ge(records.front().sequence, ledger.trimmed);
    std::set<std::uint64_t> there;
    for (const ReadRecord& record : records) there.insert(record.sequence);
    bool cut = false;  // what survives is a prefix
    for (const auto& [number, text] : ledger.stored) {
      if (number < ledger.trimmed) continue;
      const bool found = there.contains(number);
      if (!found && (all || number <= ledger.durable)) {
        fail("was stored, and is gone: " + text.substr(0, text.find(' ')));
      }
      expect(!found || !cut, "is there, though one before it is gone");
      cut = cut || !found;
    }
    if (all && ledger.sealed) expect(stats->sealed, "was sealed, and is not");
  }
  die();
}

}  // namespace millrace::test
