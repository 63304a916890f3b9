// A store that somebody else has written, as a reader meets it: pages, single records, seeks and
// leases, of files in memory that ends exactly where they do.
#include <algorithm>
#include <memory>
#include <vector>

#include "core/background.h"
#include "core/frame.h"
#include "core/log_follower.h"
#include "core/store_reader.h"
#include "fuzz/byte_source.h"
#include "fuzz/forged_log.h"
#include "fuzz/proven_records.h"
#include "fuzz/read_record.h"
#include "fuzz/target.h"
#include "fuzz/watched_env.h"

namespace millrace::fuzz {
namespace {

constexpr std::size_t kRecords = 8;

// Room for a page, and what was read into it.
struct Room {
  std::vector<std::byte> bytes = std::vector<std::byte>(32 * kKiB);
  std::vector<std::uint32_t> columns = std::vector<std::uint32_t>(kRecords * column::kStride);
  std::vector<double> offsets = std::vector<double>(kRecords);
  std::vector<double> arrivals = std::vector<double>(kRecords);
  [[nodiscard]] PageBuffers buffers() { return {bytes, columns, offsets, arrivals}; }
};

// Each record by its number, and those around it.
void read_singly(LogFollower& log, const ReadThrough& read) {
  Room room;
  for (const ReadRecord& record : read.records) {
    for (const std::uint64_t number : {record.sequence, record.sequence + 1}) {
      const Result<bool> found = log.read_record({number}, false, room.buffers());
      const auto paged = std::ranges::find(read.records, number, &ReadRecord::sequence);
      const bool there = paged != read.records.end();
      if (there) claim(found.ok() && *found, "a record of a page is not found by its number");
      if (!found || !*found) continue;
      const ReadRecord single = record_at(room.bytes, room.buffers(), 0);
      claim(single.sequence == number, "another record is found");
      if (there) claim(single == *paged, "a record is another one when it is read singly");
    }
  }
}

void seek(LogFollower& log, const ReadThrough& read, std::int64_t arrival_ms) {
  const Result<Sequence> found = log.seek({arrival_ms});
  if (!found || read.error) return;
  const bool ordered = std::ranges::is_sorted(read.records, {}, &ReadRecord::arrival_ms);
  if (!ordered) return;  // checksums that were made to fit: no writer stores such
  const auto first = std::ranges::find_if(read.records, [&](const ReadRecord& r) {
    return r.arrival_ms >= static_cast<double>(arrival_ms);
  });
  const auto sought = std::ranges::find_if(
      read.records, [&](const ReadRecord& r) { return r.sequence >= found->value; });
  claim(first == sought, "a seek leads elsewhere than looking at every record");
}

// Through leases, as far as they go. The borrower may store to what it was lent.
void read_leased(LogFollower& log, const ProvenRecords& proven, ByteSource& in) {
  Room room;
  Sequence from = kFirstSequence;
  const std::uint64_t odd = in.number<std::uint32_t>();
  for (int leases = 0; leases < 4; ++leases) {
    Result<std::optional<LeasedSegment>> lease = log.lease(from);
    if (!lease || !*lease) return;
    LeasedSegment& lent = **lease;
    bool touched = false;
    for (;;) {
      const Result<Page> page =
          log.read_leased(from, {4096, kRecords, false}, room.buffers(), lent);
      if (!page) {
        if (page.error().code != Errc::kTrimmed || page.error().detail <= from.value) return;
        from = {page.error().detail};
        continue;
      }
      for (std::size_t i = 0; i < page->count; ++i) {
        const ReadRecord record = record_at(lent.bytes(), room.buffers(), i);
        claim(touched || proven.holds(record), "a record is lent that no frame holds");
      }
      if (odd != 0) {
        lent.bytes()[odd % lent.bytes().size()] ^= std::byte{1};
        touched = true;
      }
      if (page->at_tail) return;
      claim(page->next > from, "a page of a lease does not get on");
      from = page->next;
      if (page->count == 0) break;
    }
  }
}

void run(Bytes input) {
  ByteSource in(input);
  const std::int64_t arrival_ms = in.byte();
  const std::shared_ptr<WatchedEnv> env = WatchedEnv::make(true);
  const ForgedLog forged = forge_store(*env, in, ForgedRole::kShard);
  const ProvenRecords proven(*env, forged);
  const std::uint64_t changes = env->changes();
  const auto background = std::make_shared<Background>();
  const Result<std::unique_ptr<StoreReader>> store =
      StoreReader::open(env, background, kForgedRoot);
  claim(store.ok(), "a store does not open: " + (store ? std::string() : store.error().message));
  {
    const std::unique_ptr<LogFollower> log =
        (*store)->open_log(forged_identity(ForgedRole::kShard));
    const ReadThrough read =
        read_through([&](Sequence at, const PageLimits& limits,
                         const PageBuffers& into) { return log->read(at, limits, into); },
                     kFirstSequence);
    for (const ReadRecord& record : read.records) {
      claim(proven.holds(record), "a record is read that no frame holds");
    }
    read_singly(*log, read);
    seek(*log, read, arrival_ms);
    read_leased(*log, proven, in);
    const Result<LogStats> stats = log->stats();
    if (stats) claim(stats->first <= stats->next, "a log ends before it begins");
  }
  claim(env->changes() == changes, "reading a store changes it");
}

const Target reader("reader", run);

}  // namespace
}  // namespace millrace::fuzz
