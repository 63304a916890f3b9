#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "test/test.h"

namespace millrace::test {

// Thrown to leave a test early: by skip() with a reason, by stop() without.
struct TestEnded {
  std::optional<std::string> skip_reason;
};

// Knows every suite and runs the chosen tests, one after the other, on the thread of main().
class Registry {
 public:
  static Registry& instance();

  void add_suite(const char* name, Suite::Body body);
  void add_test(std::string name, std::function<void()> run, std::source_location where);

  // Asks every suite for its tests whose "suite: claim" contains `filter`, and none of `excepted`.
  void collect(std::string_view filter, const std::vector<std::string_view>& excepted);
  // Of what was collected keeps each `parts`-th test from the `part`-th on; both count from 1.
  void keep_part(std::size_t part, std::size_t parts);
  void list() const;
  // How many tests failed. `verbose` prints a line for each test, before and after it.
  std::size_t run_all(bool verbose);
  [[nodiscard]] std::size_t test_count() const noexcept { return tests_.size(); }

  // Called by the running test, from any of its threads.
  void report_failure(std::string_view message, std::source_location where);
  void note_seed(std::uint64_t seed);

 private:
  struct SuiteEntry {
    const char* name;
    Suite::Body body;
  };
  struct Test {
    std::string name;
    std::function<void()> run;
    std::source_location where;
  };
  enum class Outcome : std::uint8_t { kPassed, kFailed, kSkipped };

  Outcome run_one(const Test& test);

  std::vector<SuiteEntry> suites_;  // by their names
  std::vector<Test> tests_;
  std::string filter_;
  std::vector<std::string> excepted_;

  std::mutex mutex_;  // guards what follows: a test's threads report while it runs
  const Test* running_ = nullptr;
  std::size_t failures_ = 0;
  std::optional<std::uint64_t> seed_;
};

}  // namespace millrace::test
