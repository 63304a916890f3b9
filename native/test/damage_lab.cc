#include "test/damage_lab.h"

#include <algorithm>
#include <utility>

#include "core/boot_hash.h"
#include "core/frame.h"
#include "core/log_follower.h"
#include "core/paths.h"
#include "core/recovery.h"
#include "core/repair.h"
#include "core/verify.h"

namespace millrace::test {

namespace {

constexpr const char* kMetaFolder = "store/meta";

LogOptions small_segments() {
  LogOptions options;
  options.segment_age_ms = 1'000;
  options.checkpoint_ms = 1'000'000;
  return options;
}

LogIdentity meta_identity() {
  LogIdentity identity;
  identity.uuid.fill(std::byte{0x5a});  // that of the store
  return identity;
}

bool is_refusal(const Error& error) {
  return error.code == Errc::kCorrupt || error.code == Errc::kNewerFormat;
}

// Whether every record is one of `all`, in their order.
bool is_part_of(const std::vector<ReadRecord>& some, const std::vector<ReadRecord>& all) {
  auto at = all.begin();
  for (const ReadRecord& record : some) {
    at = std::find(at, all.end(), record);
    if (at == all.end()) return false;
    ++at;
  }
  return true;
}

bool begins_with(const std::vector<ReadRecord>& all, const std::vector<ReadRecord>& some) {
  return some.size() <= all.size() && std::equal(some.begin(), some.end(), all.begin());
}

}  // namespace

std::string DamageTally::text() const {
  const auto count = [](const char* what, std::uint64_t n) {
    return n == 0 ? std::string() : std::string(", ") + what + " " + std::to_string(n);
  };
  return std::to_string(rounds) + " rounds: opened whole " + std::to_string(opened_whole) +
         count("to the exact prefix", opened_prefix) + count("refused", refused) +
         "; nothing to repair " + std::to_string(sound) +
         count("repaired without loss", repaired_whole) + count("with one record lost", lost_one) +
         count("with more lost", lost_more);
}

DamageLab::DamageLab(LogEnd end) : end_(end), store_(small_segments()) {
  LogOptions options = small_segments();
  options.segment_age_ms = INT64_MAX;
  std::shared_ptr<Env> env(std::shared_ptr<void>(), &store_.env());
  shard_.fixture = std::make_unique<LogFixture>(env, store_.folder(), small_segments());
  meta_.fixture = std::make_unique<LogFixture>(env, kMetaFolder, options, meta_identity());
  fill();
  image_ = store_.image();
  struck_ = image_;
  for (Log* log : {&shard_, &meta_}) {
    const ControlSnapshot control = take(read_control(store_.env(), log->fixture->directory()));
    find_frames(*log, control.words.durable);
  }
  if (end_ == LogEnd::kSystemDied) store_.env().reboot();
}

DamageLab::~DamageLab() = default;

// Keys with and without hash keys, an empty record, one that fills a cell of the index, two writers
// in the first segment; the last records are not synced unless the log is closed.
void DamageLab::fill() {
  store_.write(join_path(store_.root(), "lock"), 0, {});
  LogFixture& log = *shard_.fixture;
  take(log.open());
  for (int i = 0; i < 4; ++i) log.append("key-" + std::to_string(i), std::to_string(i), 1'000 + i);
  log.append(BatchBuilder().add_hashed("hashed", "0123456789abcdef", "with a hash key").at(1'010));
  log.append("", "", 1'011);
  log.append("large", std::string(16'500, 'x'), 1'012);
  log.append("behind", "the large one", 1'013);
  log.reopen();
  log.append("second", "writer", 1'014);
  log.append("", "", 5'000);  // too late for the first segment
  for (int i = 0; i < 4; ++i) log.append("late-" + std::to_string(i), "after the roll", 5'001 + i);
  take(log->flush());
  log.drain();  // the first segment is sealed
  for (int i = 0; i < 3; ++i) log.append("newest-" + std::to_string(i), "not synced", 5'010 + i);
  LogFixture& meta = *meta_.fixture;
  take(meta.open());
  for (int i = 0; i < 3; ++i) meta.append("", "command " + std::to_string(i), 1'000 + i);
  take(meta->flush());
  if (end_ == LogEnd::kClosed) {
    expect_ok(log->close());
    expect_ok(meta->close());
  }
  log.crash();
  meta.crash();
}

std::string DamageLab::meta_file(const std::string& name) const {
  return join_path(kMetaFolder, name);
}

void DamageLab::find_frames(Log& log, LogPosition durable) {
  const std::string directory = log.fixture->directory();
  for (const std::string& name : take(list_segment_names(store_.env(), directory))) {
    const std::string path = join_path(directory, name);
    const std::vector<std::byte>& bytes = image_.at(path);
    const SegmentHeader header = take(parse_header(bytes, bytes.size(), path));
    for (std::uint64_t at = header.data_offset;;) {
      const FrameCheck check = check_frame(Bytes(bytes).subspan(at), seed_of(header));
      const bool counts = check.fault == FrameFault::kNone &&
                          check.frame.header.type != static_cast<std::uint8_t>(FrameType::kPad);
      if (!counts) break;
      const FrameView& frame = check.frame;
      const auto text = [&](std::size_t from, std::size_t size) {
        return std::string(reinterpret_cast<const char*>(bytes.data()) + at + from, size);
      };
      StoredFrame stored{.file = path, .from = at, .record = {}};
      stored.covered_to = at + frame.header.length;
      stored.to = at + frame_stride(frame.header.length);
      stored.durable = header.base_position + (stored.to - header.data_offset) <= durable.bytes;
      stored.is_record = frame.header.type == static_cast<std::uint8_t>(FrameType::kData);
      stored.record = {frame.header.sequence, frame.header.arrival_ms,
                       text(frame.key_at, frame.header.key_bytes),
                       text(frame.payload_at, frame.payload_bytes)};
      log.next = frame.header.sequence + 1;
      at = stored.to;
      log.frames.push_back(std::move(stored));
    }
  }
}

DamageLab::Log& DamageLab::log_of(const std::string& path) {
  return path.starts_with(kMetaFolder) ? meta_ : shard_;
}
const DamageLab::Log& DamageLab::log_of(const std::string& path) const {
  return path.starts_with(kMetaFolder) ? meta_ : shard_;
}

const std::vector<StoredFrame>& DamageLab::frames_beside(const std::string& path) const {
  return log_of(path).frames;
}

std::uint64_t DamageLab::used_bytes(const std::string& path) const {
  const std::vector<std::byte>& bytes = image_.at(path);
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(),
                                 [](std::byte byte) { return byte != std::byte{0}; });
  return static_cast<std::uint64_t>(bytes.rend() - last);
}

std::uint64_t DamageLab::file_bytes(const std::string& path) const {
  return image_.at(path).size();
}

std::vector<std::string> DamageLab::segments() const {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : image_) {
    if (path.ends_with(".seg")) paths.push_back(path);
  }
  return paths;
}

template <typename Reader>
void DamageLab::read_all(Reader& reader, Look& look) {
  Result<LogStats> stats = reader.stats();
  if (!stats) {
    look.refusal = stats.error();
    return;
  }
  look.next = stats->next.value;
  const ReadCall read = [&](Sequence at, const PageLimits& limits, const PageBuffers& into) {
    return reader.read(at, limits, into);
  };
  std::uint64_t from = stats->first.value;
  for (Page page; !page.at_tail && !page.ended; from = page.next.value) {
    Result<std::vector<ReadRecord>> records = read_page(read, from, 100, 64 * kKiB, page);
    if (!records) {
      look.refusal = records.error();
      return;
    }
    look.records.insert(look.records.end(), records->begin(), records->end());
  }
}

DamageLab::Look DamageLab::look_as_reader(Log& log) {
  Look look;
  Background background;
  std::shared_ptr<Env> env(std::shared_ptr<void>(), &store_.env());
  const std::uint64_t boot = take(current_boot_hash(*env));
  LogFollower follower({env, std::make_shared<SegmentCache>(*env, background, 8), boot},
                       log.fixture->directory(), log.fixture->identity());
  look.opened = true;
  read_all(follower, look);
  return look;
}

DamageLab::Look DamageLab::look_as_writer(Log& log) {
  Look look;
  if (Result<void> opened = log.fixture->open(); !opened) {
    look.refusal = opened.error();
  } else {
    look.opened = true;
    read_all(log.fixture->log(), look);
  }
  log.fixture->crash();
  return look;
}

bool DamageLab::verify_finds_damage() {
  const ScanWatch watch;
  const Result<StoreReport> report = verify_store(store_.env(), store_.root(), watch);
  if (!report) return true;
  return std::ranges::any_of(report->findings,
                             [](const Finding& f) { return f.severity == Severity::kDamage; });
}

DamageLab::Expected DamageLab::expect_of(const Log& log) const {
  Expected expected;
  bool whole = true;
  for (const StoredFrame& frame : log.frames) {
    const std::vector<std::byte>& was = image_.at(frame.file);
    const std::vector<std::byte>& is = struck_.at(frame.file);
    // A file of the wrong size is refused as a whole, with what is whole in it.
    const bool resized = is.size() != was.size();
    const Bytes before = Bytes(was).subspan(frame.from, frame.covered_to - frame.from);
    const bool hit = is.size() < frame.to ||
                     !std::ranges::equal(before, Bytes(is).subspan(frame.from, before.size()));
    const bool promised = frame.durable || end_ != LogEnd::kSystemDied;
    if (hit) expected.any_hit = true;
    if (hit && promised && frame.is_record) expected.promised_hit = true;
    if (hit || resized) {
      whole = false;
      if (promised) expected.promised = true;
    }
    if (!frame.is_record) continue;
    expected.all.push_back(frame.record);
    if (frame.durable) expected.durable.push_back(frame.record);
    if (whole) expected.prefix.push_back(frame.record);
    if (!hit) expected.kept.push_back(frame.record);
    // Cut off behind all that its checksum covers, it may be found whole.
    const bool is_touched =
        is.size() < frame.covered_to ||
        !std::ranges::equal(before, Bytes(is).subspan(frame.from, before.size()));
    if (!is_touched) expected.kept_at_best.push_back(frame.record);
  }
  return expected;
}

// A reader believes the marks: what is not durable, damage to them may hide. What it sees is right.
void DamageLab::judge_reader(const Look& look, const Expected& expected, const Damage& damage) {
  const bool in_frames = damage.path.ends_with(".seg");
  if (!is_part_of(look.records, expected.all)) note("a reader is given a wrong record");
  const bool is_told = look.refusal && look.refusal->code != Errc::kNotFound &&
                       (in_frames || look.refusal->code != Errc::kTrimmed);
  if (is_told && !is_refusal(*look.refusal)) { note("a reader is told: " + look.refusal->message); }
  if (look.refusal || end_ == LogEnd::kSystemDied) return;
  if (in_frames && look.records != expected.all) note("a reader misses records without a word");
  // One mark may have lost a bit, not both.
  if (damage.is_one_bit && !is_part_of(expected.durable, look.records)) {
    note("a reader misses durable records without a word");
  }
}

void DamageLab::judge_writer(const Look& look, const Expected& expected, bool found) {
  if (!is_part_of(look.records, expected.all)) note("a wrong record");
  if (look.refusal) {
    if (!is_refusal(*look.refusal)) note("is refused for: " + look.refusal->message);
    if (!found) note("is refused, and verify finds nothing: " + look.refusal->message);
    if (look.opened && !begins_with(expected.prefix, look.records)) note("is no prefix");
    ++tally_.refused;
    return;
  }
  if (look.records == expected.all && !expected.any_hit) {
    ++tally_.opened_whole;
    return;
  }
  // Without a word, only what a crash of the system may take is missing.
  if (expected.promised) note("promised records are missing without a word");
  if (look.records != expected.prefix) {
    note("opens to " + std::to_string(look.records.size()) + " records, not to the first " +
         std::to_string(expected.prefix.size()));
  }
  ++tally_.opened_prefix;
}

void DamageLab::judge_repair(Log& log, const Expected& expected, bool found) {
  const ScanWatch watch;
  RepairOptions options;
  options.lossless_metadata = false;
  Result<RepairReport> report = repair_store(store_.env(), store_.root(), options, watch);
  if (!report) return note("repair fails: " + report.error().message);
  const auto repaired = [&](const LogRepair& part) {
    if (part.refusal) note("repair refuses: " + part.refusal->message);
    return part.outcome == RepairOutcome::kRepaired;
  };
  bool any = repaired(report->store);
  std::uint64_t told = 0;
  std::uint64_t told_exactly = 0;
  for (const LogRepair& part : report->logs) {
    any = repaired(part) || any;
    told += part.lost.size();
    told_exactly += static_cast<std::uint64_t>(std::ranges::count_if(
        part.lost, [](const LostNumbers& lost) { return lost.last.has_value(); }));
  }
  if (any != found) note(any ? "repair finds more than verify" : "repair does nothing");
  if (!found) {
    ++tally_.sound;
    if (!store_.is(struck_)) note("repair changes a store that is sound");
    return;
  }
  if (verify_finds_damage()) {
    std::string lines;
    for (const std::string& line : store_.findings()) lines += "\n      " + line;
    note("is damaged after its repair:" + lines);
  }
  Look look = look_as_writer(log);
  if (look.refusal) return note("is refused after its repair: " + look.refusal->message);
  const bool keeps_all =
      is_part_of(expected.kept, look.records) && is_part_of(look.records, expected.kept_at_best);
  if (!keeps_all) {
    note("keeps " + std::to_string(look.records.size()) + " records, not " +
         std::to_string(expected.kept.size()));
  }
  const std::size_t lost = expected.all.size() - look.records.size();
  // What a crash of the system may take, nobody misses. And behind the last frame nobody knows: a
  // commit mark that points behind it tells of records that are gone, or has lost a bit.
  const bool is_right = expected.promised_hit ? told > 0 : told_exactly == 0 || lost > 0;
  if (!is_right) note("says of " + std::to_string(told) + " losses");
  ++(lost == 0 ? tally_.repaired_whole : lost == 1 ? tally_.lost_one : tally_.lost_more);
  go_on(log, look.records);
}

// A log that was repaired takes records, under numbers that no other ever had, and opens again.
void DamageLab::go_on(Log& log, const std::vector<ReadRecord>& before) {
  if (Result<void> opened = log.fixture->open(); !opened) return note("does not open twice");
  const BatchBuilder batch = BatchBuilder().add("one", "more").at(9'000);
  std::vector<double> numbers(1);
  std::vector<double> arrivals(1);
  Result<std::size_t> done = (*log.fixture)->append(batch.packed(), {numbers, arrivals});
  if (!done) return note("then takes no record: " + done.error().message);
  if (numbers[0] < static_cast<double>(log.next)) note("uses a number twice");
  log.fixture->crash();
  const Look again = look_as_writer(log);
  if (again.refusal) return note("then is refused: " + again.refusal->message);
  if (again.records.size() != before.size() + 1) note("then loses records");
}

void DamageLab::strike(const std::vector<Damage>& damages) {
  ++tally_.rounds;
  round_.clear();
  for (const Damage& damage : damages) {
    damage.strike(store_);
    round_ += (round_.empty() ? "" : " and ") + damage.what;
  }
  for (const Damage& damage : damages) struck_[damage.path] = store_.read(damage.path);
}

void DamageLab::restore(const std::vector<Damage>& damages) {
  store_.restore(image_);
  for (const Damage& damage : damages) struck_[damage.path] = image_[damage.path];
}

void DamageLab::round(const Damage& damage) {
  strike({damage});
  Log& log = log_of(damage.path);
  const Expected expected = expect_of(log);
  judge_reader(look_as_reader(log), expected, damage);
  const bool found = verify_finds_damage();
  if (!store_.is(struck_)) note("a look changes files");
  const Look look = look_as_writer(log);
  judge_writer(look, expected, found);
  if (!look.opened && !store_.is(struck_)) note("a refusal changes files");
  store_.restore(struck_);
  judge_repair(log, expected, found);
  restore({damage});
}

void DamageLab::rough_round(const std::vector<Damage>& damages) {
  strike(damages);
  for (Log* log : {&shard_, &meta_}) {
    const Expected expected = expect_of(*log);
    for (const Look& look : {look_as_reader(*log), look_as_writer(*log)}) {
      if (!is_part_of(look.records, expected.all)) note("a wrong record");
    }
  }
  store_.restore(struck_);
  const ScanWatch watch;
  RepairOptions options;
  options.lossless_metadata = false;
  const Result<RepairReport> report = repair_store(store_.env(), store_.root(), options, watch);
  const auto refuses = [](const LogRepair& part) { return part.refusal.has_value(); };
  const bool refused = !report || std::ranges::any_of(report->logs, refuses);
  if (!refused && verify_finds_damage()) note("is damaged after its repair");
  std::size_t lost = 0;
  for (Log* log : {&shard_, &meta_}) {
    const Expected expected = expect_of(*log);
    const Look look = look_as_writer(*log);
    if (!is_part_of(look.records, expected.all)) note("a wrong record after the repair");
    if (!refused && look.refusal) note("is refused after its repair: " + look.refusal->message);
    lost += expected.all.size() - look.records.size();
  }
  ++(refused     ? tally_.refused
     : lost == 0 ? tally_.repaired_whole
     : lost == 1 ? tally_.lost_one
                 : tally_.lost_more);
  restore(damages);
}

void DamageLab::note(const std::string& what) {
  constexpr std::uint64_t kShown = 12;
  if (++problem_count_ <= kShown) problems_ += "\n  " + round_ + ": " + what;
}

void DamageLab::settle() {
  if (problem_count_ == 0) return;
  fail(std::to_string(problem_count_) + " problems, of which the first are" + problems_);
}

Damage flipped_bit(const std::string& path, std::uint64_t bit) {
  const std::uint64_t byte = bit / 8;
  return {.what = path + ", byte " + std::to_string(byte) + ", bit " + std::to_string(bit % 8),
          .path = path,
          .strike = [path, bit](StoreFixture& store) { store.flip(path, bit); },
          .is_one_bit = true};
}

Damage cut_at(const std::string& path, std::uint64_t bytes) {
  return {.what = path + " cut to " + std::to_string(bytes) + " bytes",
          .path = path,
          .strike = [path, bytes](StoreFixture& store) { store.truncate(path, bytes); }};
}

Damage zeroed_from(const std::string& path, std::uint64_t at, std::uint64_t file_bytes) {
  const auto strike = [path, at, file_bytes](StoreFixture& store) {
    store.write(path, at, std::vector<std::byte>(file_bytes - at));
  };
  return {.what = path + " zeroed from byte " + std::to_string(at), .path = path, .strike = strike};
}

}  // namespace millrace::test
