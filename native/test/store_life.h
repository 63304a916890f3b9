#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/background.h"
#include "core/engine.h"
#include "core/env.h"
#include "core/log_options.h"
#include "core/shard_log.h"
#include "test/log_fixture.h"

namespace millrace::test {

// What one log was asked to keep, and what it answered.
struct LogLedger {
  std::map<std::uint64_t, std::string> stored;  // by the number that it was given
  std::set<std::string> uncertain;  // the log was poisoned while it was being stored: either way
  std::uint64_t durable = 0;        // the last number that was said to be on the disk
  std::uint64_t trimmed = 1;        // numbers below it are hidden
  bool poisoned = false;            // by the process that is running
  bool sealed = false;
};

// Two processes that open a store one after the other, and use all of the engine: metadata, several
// logs, appends one by one and together, rolls, flushes, trims, seals, drops, sweeps, and every way
// to read. Whatever is refused, they go on as far as a program can. The first one closes the store,
// but for one log; the second one dies.
class StoreLife {
 public:
  // `make_cold` takes out of memory what can be read again.
  StoreLife(std::shared_ptr<Env> env, const LogOptions& options, std::function<void()> make_cold);
  ~StoreLife();

  // Both processes; the second one is still there at the end.
  void run();
  // It stores records again, but for logs that are poisoned.
  void expect_works();
  // It dies, if it is there.
  void die();

  enum class Since : std::uint8_t { kProcessDied, kSystemDied };
  // A process that comes now finds what was promised, and nothing that was not put. It dies again.
  void expect_found(Since since);

  // How many calls of the engine have failed.
  [[nodiscard]] std::size_t error_count() const noexcept { return errors_; }
  [[nodiscard]] const std::string& first_error() const noexcept { return first_error_; }
  // How many of them because a log was poisoned.
  [[nodiscard]] std::size_t poisoned_count() const noexcept { return poisoned_; }

 private:
  enum Name : std::uint8_t { kMeta, kLong, kShort, kSealed, kDropped, kCount };

  bool start();
  bool open_log(Name name);
  void first_process();
  void second_process();
  void fill();
  void look_around();
  void put(Name name, std::vector<std::string> payloads);
  void put_together(std::array<Name, 2> names);
  void settle(Name name, const std::vector<std::string>& payloads, const std::vector<double>& out,
              const Result<std::size_t>& answer);
  bool flush(Name name);
  void read(Name name);
  void read_elsewhere();
  void read_cold();
  void lend();
  void check_read(Name name, const std::vector<ReadRecord>& records);
  std::string payload(Name name, std::size_t bytes);
  void failed(const Error& error);
  template <typename T>
  bool succeeded(const Result<T>& result) {
    if (!result) failed(result.error());
    return result.ok();
  }

  const std::shared_ptr<Env> env_;
  const LogOptions options_;
  const std::function<void()> make_cold_;
  std::array<LogIdentity, kCount> identities_;
  std::array<LogLedger, kCount> ledgers_;

  // The process.
  std::shared_ptr<Background> background_;
  std::unique_ptr<Engine> engine_;
  std::array<std::unique_ptr<ShardLog>, kCount> logs_;

  std::uint64_t put_count_ = 0;
  std::size_t errors_ = 0;
  std::size_t poisoned_ = 0;
  std::string first_error_;
};

}  // namespace millrace::test
