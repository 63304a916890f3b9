// Every bit of a store's files, flipped: verify says so, or the bit is in the list of those that
// mean nothing. And the log opens to exactly what was stored, or is refused: never a wrong record.
#include <algorithm>
#include <optional>
#include <string>

#include "core/control_page.h"
#include "core/frame.h"
#include "core/verify.h"
#include "test/store_fixture.h"

namespace millrace::test {
namespace {

struct Bits {
  std::uint64_t from;  // bytes
  std::uint64_t to;
  // Of bits; a prime, so that all positions in a byte come by.
  std::uint64_t step = 1;
};

// A small store with every kind of thing in it: keys with and without hash keys, empty and large
// records, used index slots, two writers, an uncommitted nothing.
void fill(StoreFixture& store) {
  store.open();
  LogFixture& log = store.log();
  for (int i = 0; i < 6; ++i) log.append("key-" + std::to_string(i), std::to_string(i), 1'000 + i);
  log.append(BatchBuilder().add_hashed("hashed", "0123456789abcdef", "with a hash key").at(1'010));
  log.append("", "", 1'011);
  log.append("large", std::string(20'000, 'x'), 1'012);
  log.append("behind", "the large one", 1'013);
  log.reopen();
  log.append("second", "writer", 1'014);
}

// What reading a log gave: its records, or that it refused.
struct Outcome {
  std::optional<std::vector<ReadRecord>> records;
  std::optional<Error> refusal;
};

Outcome open_and_read(StoreFixture& store) {
  Outcome outcome;
  LogFixture& log = store.log();
  if (Result<void> opened = log.open(); !opened) {
    outcome.refusal = opened.error();
    return outcome;
  }
  outcome.records.emplace();
  Result<LogStats> stats = log->stats();
  std::uint64_t from = stats ? stats->first.value : 1;
  if (!stats) outcome.refusal = stats.error();
  for (Page page; !page.at_tail && !outcome.refusal; from = page.next.value) {
    Result<std::vector<ReadRecord>> records = read_page(log.log(), from, 100, 64 * 1024, page);
    if (!records) {
      outcome.refusal = records.error();
    } else {
      outcome.records->insert(outcome.records->end(), records->begin(), records->end());
    }
  }
  return outcome;
}

bool is_refusal(const Error& error) {
  return error.code == Errc::kCorrupt || error.code == Errc::kNewerFormat;
}

// Whether every record is one that was stored, in order.
bool is_part_of(const std::vector<ReadRecord>& some, const std::vector<ReadRecord>& all) {
  auto at = all.begin();
  for (const ReadRecord& record : some) {
    at = std::find(at, all.end(), record);
    if (at == all.end()) return false;
    ++at;
  }
  return true;
}

using Predicate = std::function<bool(std::uint64_t byte)>;

// One store, one file, and what the flips of its bits do.
class Flips {
 public:
  explicit Flips(StoreFixture& store) : store_(store), image_(store.image()) {
    expected_ = *open_and_read(store_).records;
    store_.log().crash();
    store_.restore(image_);
  }

  // `means_nothing`: bytes whose flips verify need not find.
  void run(const std::string& path, Bits bits, const Predicate& means_nothing) {
    for (std::uint64_t bit = bits.from * 8; bit < bits.to * 8; bit += bits.step) {
      bit_ = bit;
      path_ = path;
      store_.flip(path, bit);
      const ScanWatch watch;
      const Result<StoreReport> report = verify_store(store_.env(), store_.root(), watch);
      const bool found = !report || !report->findings.empty();
      if (!found && !means_nothing(bit / 8)) note("not found");
      judge(open_and_read(store_));
      store_.log().crash();
      store_.restore(image_);
    }
    if (!problems_.empty()) fail(path + problems_);
  }

 private:
  void judge(const Outcome& outcome) {
    if (outcome.refusal && !is_refusal(*outcome.refusal)) note(outcome.refusal->message);
    if (!outcome.records) return expect_untouched();
    if (!is_part_of(*outcome.records, expected_)) note("a record that was never stored");
    const bool whole = outcome.records->size() == expected_.size();
    if (!whole && !outcome.refusal) note("records are missing without a word");
    if (outcome.refusal) return;
    go_on(outcome.records->size());
  }

  // A log that opens can be written, and opens again.
  void go_on(std::size_t before) {
    const BatchBuilder batch = BatchBuilder().add("one", "more").at(2'000);
    std::vector<double> out(1);
    Result<std::size_t> done = store_.log()->append(batch.packed(), {out, out});
    if (!done) return note("then takes no record: " + done.error().message);
    store_.log().crash();
    const Outcome again = open_and_read(store_);
    if (again.refusal) return note("then, with one record more: " + again.refusal->message);
    if (again.records->size() != before + 1) note("then loses records");
  }

  // A log that is refused stays as it is.
  void expect_untouched() {
    for (const auto& [path, bytes] : image_) {
      if (!path.ends_with(".seg") || path == path_) continue;
      if (!take(store_.env().exists(path)) || store_.read(path) != bytes) note("destroys segments");
    }
  }

  void note(const std::string& what) {
    problems_ +=
        "\n  byte " + std::to_string(bit_ / 8) + ", bit " + std::to_string(bit_ % 8) + ": " + what;
  }

  StoreFixture& store_;
  StoreImage image_;
  std::vector<ReadRecord> expected_;
  std::string path_;  // the flipped one
  std::uint64_t bit_ = 0;
  std::string problems_;
};

bool never(std::uint64_t) { return false; }

template <typename Word>
bool in_word(std::uint64_t byte, std::size_t at) {
  return byte >= at && byte - at < sizeof(Word);
}

// Words of a control page that may hold anything within bounds, because nothing else repeats them.
bool any_value_will_do(std::uint64_t byte) {
  using Page = ControlPage;
  return in_word<std::uint64_t>(byte, offsetof(Page, boot_hash))        // how carefully to recover
         || in_word<std::uint64_t>(byte, offsetof(Page, writer_epoch))  // counted on from, if above
         || in_word<std::uint64_t>(byte, offsetof(Page, writer_pid))    // for people
         || in_word<std::uint32_t>(byte, offsetof(Page, state))         // "open" only costs a scan
         || in_word<std::uint64_t>(byte, offsetof(Page, reserved_sequence));  // if above the used
}

// Of a log that is open: lower bounds of what is on the disk, which need not be close.
bool any_lower_bound_will_do(std::uint64_t byte) {
  return any_value_will_do(byte) || in_word<std::uint64_t>(byte, offsetof(ControlPage, durable)) ||
         in_word<std::uint64_t>(byte, offsetof(ControlPage, indexed));
}

const Suite flip_tests("verify every flipped bit", [](Suite& s) {
  s.test("of a closed log's control page", [] {
    StoreFixture store;
    fill(store);
    store.close();
    Flips flips(store);
    flips.run(store.file("ctl"), {0, 512}, any_value_will_do);
    flips.run(store.file("ctl"), {512, kControlBytes, 13}, never);
  });
  s.test("of a crashed log's control page", [] {
    StoreFixture store;
    fill(store);
    store.log().crash();
    Flips flips(store);
    flips.run(store.file("ctl"), {0, 512}, any_lower_bound_will_do);
  });
  s.test("of the control page of a log that was trimmed", [] {
    StoreFixture store;
    store.open();
    for (int i = 0; i < 40; ++i) store.log().append("k", std::string(60'000, 'x'));
    expect_ok(store.log()->trim({20}));
    store.close();
    expect_ge(store.segment_count(), 1u);
    Flips(store).run(store.file("ctl"), {320, 344}, any_value_will_do);
  });
  s.test("of a commit mark that may fall on other frames", [] {
    for (const bool closed : {true, false}) {
      for (int records = 1; records < 17; records += 3) {
        StoreFixture store;
        store.open();
        // Frames of 64 bytes: many a flip of the mark is the end of another frame.
        for (int i = 0; i < records; ++i) store.log().append("k", std::string(24, 'x'));
        closed ? store.close() : store.log().crash();
        Flips(store).run(store.file("ctl"), {128, 208}, closed ? never : any_lower_bound_will_do);
      }
    }
  });
  s.test("of a segment's head", [] {
    StoreFixture store;
    fill(store);
    store.close();
    Flips flips(store);
    flips.run(store.segment(0), {0, 128}, never);
    flips.run(store.segment(0), {128, kEpochsOffset, 3}, never);
    flips.run(store.segment(0), {kEpochsOffset, kEpochsOffset + 48}, never);
    flips.run(store.segment(0), {kEpochsOffset + 48, kSummaryOffset, 37}, never);
  });
  s.test("of a segment's summary and index", [] {
    StoreFixture store;
    fill(store);
    store.close();
    Flips(store).run(store.segment(0), {kSummaryOffset, kIndexOffset + 4'096, 23}, never);
  });
  s.test("of a segment's frames, and of what is behind them", [] {
    StoreFixture store;
    fill(store);
    store.close();
    const SegmentReport segment = store.verify().logs.at(0).segments.at(0);
    const std::uint64_t data = segment.head.segment.header.data_offset;
    const std::uint64_t end = segment.frames->end.bytes;
    Flips flips(store);
    flips.run(store.segment(0), {data, data + 600}, never);
    flips.run(store.segment(0), {data + 600, end - 136, 53}, never);
    flips.run(store.segment(0), {end - 136, end + 40}, never);
    flips.run(store.segment(0), {end + 40, segment.head.segment.header.file_bytes, 50'021}, never);
  });
  s.test("of segments that were sealed and rolled", [] {
    StoreFixture store;
    store.open();
    for (int i = 0; i < 300; ++i) store.log().append("k", std::string(7'000, 'x'), 1'000 + i);
    store.close();
    expect_eq(store.segment_count(), 2u);
    const SegmentReport first = store.verify().logs.at(0).segments.at(0);
    const std::uint64_t end = first.frames->end.bytes;
    Flips flips(store);
    flips.run(store.segment(0), {0, 128, 7}, never);
    flips.run(store.segment(0), {kSealOffset, kSealOffset + 96, 7}, never);
    flips.run(store.segment(0), {kSummaryOffset, kIndexOffset + 1'024, 401}, never);
    flips.run(store.segment(0), {first.head.segment.header.data_offset, end, 90'001}, never);
    flips.run(store.segment(0), {end - 32, end + 40, 11}, never);
  });
  s.test("of the file that makes a folder a store", [] {
    StoreFixture store;
    fill(store);
    store.close();
    Flips(store).run("store/format", {0, 60}, [](std::uint64_t byte) {
      // A store whose metadata log has no files yet is as good under another name.
      return byte >= 30;
    });
  });
});

const Suite cut_tests("verify every truncated file", [](Suite& s) {
  s.test("of a segment, a control page, the format", [] {
    StoreFixture store;
    fill(store);
    store.close();
    const StoreImage image = store.image();
    for (const auto& [path, bytes] : image) {
      if (path.ends_with("wake")) continue;  // the next writer makes it anew
      const std::uint64_t step = bytes.size() > 10'000 ? 4'099 : 1;
      for (std::uint64_t left = 0; left < bytes.size(); left += step) {
        const Case at("bytes left", left);
        store.truncate(path, left);
        const ScanWatch watch;
        const Result<StoreReport> report = verify_store(store.env(), store.root(), watch);
        expect(!report || !report->findings.empty(), path);
        const Outcome outcome = open_and_read(store);
        const bool is_log = !path.ends_with("format");
        expect(!is_log || (outcome.refusal && is_refusal(*outcome.refusal)), path);
        store.log().crash();
        store.restore(image);
      }
    }
  });
  s.test("of a segment in the middle, and files that grew", [] {
    StoreFixture store;
    store.open();
    for (int i = 0; i < 300; ++i) store.log().append("k", std::string(7'000, 'x'), 1'000 + i);
    store.close();
    const StoreImage image = store.image();
    for (const std::uint64_t bytes : {0u, 100u, 4'096u, 500'000u, 2'000'000u}) {
      store.truncate(store.segment(0), bytes);
      store.expect_damage(store.segment(0), bytes < 512 ? "" : "bytes");
      expect_error(store.log().open(), Errc::kCorrupt);
      store.log().crash();
      store.restore(image);
    }
    store.truncate(store.file("ctl"), 8'192);
    store.expect_damage(store.file("ctl"), "longer");
  });
});

}  // namespace
}  // namespace millrace::test
