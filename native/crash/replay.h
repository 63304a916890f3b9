#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "crash/crash_disk.h"
#include "crash/state_check.h"
#include "crash/workload.h"

namespace millrace::crash {

// Names one state for ever: "workload:seed:cut:state", and ":second" for the crash that follows.
struct StateToken {
  std::string workload;
  std::uint64_t seed = 0;
  JournalPlace cut = 0;
  std::uint64_t state = 0;
  std::optional<std::uint64_t> second = {};

  [[nodiscard]] std::string text() const;
  static std::optional<StateToken> parse(std::string_view text);
};

struct ReplayCounts {
  std::uint64_t boundaries = 0;  // cuts of which states were built
  std::uint64_t states = 0;      // built and opened
  std::uint64_t distinct = 0;    // of which no two are alike
  std::uint64_t recoveries = 0;  // openings of a store that a crash had left
  std::uint64_t second_crashes = 0;
  std::uint64_t failures = 0;

  void add(const ReplayCounts& other) noexcept;
};

struct ReplayFailure {
  StateToken token;
  std::vector<std::string> wrong;
};

// One run of a workload, and the states that it leaves when it is cut.
class Replay {
 public:
  Replay(const Workload& workload, std::uint64_t seed);

  [[nodiscard]] std::size_t cut_count() const noexcept { return recording_.calls.size() + 1; }
  [[nodiscard]] const ReplayCounts& counts() const noexcept { return counts_; }

  // Called before a state is built, and after one that was wrong.
  std::function<void(const StateToken&)> begins = [](const StateToken&) {};
  std::function<void(const ReplayFailure&)> fails = [](const ReplayFailure&) {};

  // Builds states [first, first + count) of this cut and checks them, and those behind them. Cuts
  // never go back.
  void check_cut(JournalPlace cut, std::uint64_t first, std::uint64_t count);
  // Builds and checks the one state that a token names, and writes down what happened to it.
  std::vector<std::string> tell(const StateToken& token, std::string& story);

 private:
  struct Made;
  void advance_to(JournalPlace cut);
  [[nodiscard]] Made make(std::uint64_t state) const;
  [[nodiscard]] Made make_second(const Made& first, const CheckedState& checked,
                                 std::uint64_t second) const;
  [[nodiscard]] LogOptions draw_options(test::Random& random) const;
  CheckedState check(const Made& made, const StateToken& token);
  [[nodiscard]] std::string journal_around(const std::vector<RecordedCall>& calls,
                                           std::size_t cut) const;

  const Workload& workload_;
  const std::uint64_t seed_;
  Recording recording_;
  CrashDisk disk_;
  ReplayCounts counts_;
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace millrace::crash
