#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/control_snapshot.h"
#include "core/repair_report.h"
#include "core/segment_header.h"
#include "test/store_fixture.h"

namespace millrace::test {

// How the writer of the small store ended, and what came over it.
enum class LogEnd : std::uint8_t {
  kClosed,
  kProcessDied,  // and the machine is still up
  kSystemDied,   // everything written is still there, but only what was synced is promised
};

// One frame of the small store, in the order of its log.
struct StoredFrame {
  std::string file;
  std::uint64_t from = 0;
  std::uint64_t covered_to = 0;  // by its checksum
  std::uint64_t to = 0;
  bool durable = false;
  bool is_record = false;
  ReadRecord record;
};

// What damage does to the bytes of one file.
struct Damage {
  std::string what;
  std::string path;
  std::function<void(StoreFixture&)> strike;
  bool is_one_bit = false;
};

// How the rounds ended, for people.
struct DamageTally {
  std::uint64_t rounds = 0;
  std::uint64_t opened_whole = 0;
  std::uint64_t opened_prefix = 0;  // what a crash of the system may take, or up to the damage
  std::uint64_t refused = 0;
  std::uint64_t sound = 0;  // repair had nothing to do
  std::uint64_t repaired_whole = 0;
  std::uint64_t lost_one = 0;
  std::uint64_t lost_more = 0;
  [[nodiscard]] std::string text() const;
};

// A small store in memory with every kind of thing in it, to be damaged: a log of two segments, the
// first one sealed, with two writers, and metadata. Each round damages it, looks at it as a reader,
// as `verify`, as the next writer and as `repair`, and puts it back.
class DamageLab {
 public:
  explicit DamageLab(LogEnd end);
  ~DamageLab();

  StoreFixture& store() noexcept { return store_; }
  [[nodiscard]] std::string shard_file(const std::string& name) const { return store_.file(name); }
  [[nodiscard]] std::string meta_file(const std::string& name) const;
  // Of a log, by one of its files.
  [[nodiscard]] const std::vector<StoredFrame>& frames_beside(const std::string& path) const;
  // Behind the last byte of a file that is not zero.
  [[nodiscard]] std::uint64_t used_bytes(const std::string& path) const;
  [[nodiscard]] std::uint64_t file_bytes(const std::string& path) const;
  [[nodiscard]] std::vector<std::string> segments() const;  // of both logs

  // One round, whose outcome must be exactly what the model says.
  void round(const Damage& damage);
  // One round with damage in several places, of which only this is asked: no wrong record, nothing
  // lost that was not hit, sound after a repair.
  void rough_round(const std::vector<Damage>& damages);

  [[nodiscard]] const DamageTally& tally() const noexcept { return tally_; }
  // Fails the test if a round went wrong, saying which.
  void settle();

 private:
  struct Log {
    std::unique_ptr<LogFixture> fixture;
    std::vector<StoredFrame> frames;
    std::uint64_t next = 0;  // the number behind the last frame
  };
  // What a look at a log gave.
  struct Look {
    std::vector<ReadRecord> records;
    std::optional<Error> refusal;
    bool opened = false;
    std::uint64_t next = 0;
  };

  void fill();
  void find_frames(Log& log, LogPosition durable);
  [[nodiscard]] Log& log_of(const std::string& path);
  [[nodiscard]] const Log& log_of(const std::string& path) const;
  Look look_as_reader(Log& log);
  Look look_as_writer(Log& log);
  template <typename Reader>
  void read_all(Reader& reader, Look& look);
  bool verify_finds_damage();
  void strike(const std::vector<Damage>& damages);

  // The model: records before the first frame that was hit, all but those that were hit.
  struct Expected {
    std::vector<ReadRecord> all;
    std::vector<ReadRecord> prefix;
    std::vector<ReadRecord> kept;
    std::vector<ReadRecord> kept_at_best;
    std::vector<ReadRecord> durable;
    bool any_hit = false;
    bool promised_hit = false;  // a record that no crash may take
    bool promised = false;      // or one in a file that is refused as a whole
  };
  [[nodiscard]] Expected expect_of(const Log& log) const;
  void judge_reader(const Look& look, const Expected& expected, const Damage& damage);
  void judge_writer(const Look& look, const Expected& expected, bool found);
  void judge_repair(Log& log, const Expected& expected, bool found);
  void go_on(Log& log, const std::vector<ReadRecord>& before);
  void restore(const std::vector<Damage>& damages);
  void note(const std::string& what);

  const LogEnd end_;
  StoreFixture store_;
  Log shard_;
  Log meta_;
  StoreImage image_;
  StoreImage struck_;  // the same, with the damage of this round
  DamageTally tally_;
  std::string round_;     // what is being done, for messages
  std::string problems_;  // the first of them
  std::uint64_t problem_count_ = 0;
};

// The damage of one flipped bit; of a file that ends, or is zero, from a byte on.
Damage flipped_bit(const std::string& path, std::uint64_t bit);
Damage cut_at(const std::string& path, std::uint64_t bytes);
Damage zeroed_from(const std::string& path, std::uint64_t at, std::uint64_t file_bytes);

}  // namespace millrace::test
