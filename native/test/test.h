#pragma once

#include <algorithm>
#include <functional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "core/bytes.h"
#include "core/result.h"
#include "test/describe.h"
#include "test/random.h"
#include "test/scratch_directory.h"

// The test harness of the engine: suites, expectations, and what tests of files and properties
// need. See native/test/README.md for a test file in full.
namespace millrace::test {

// A named group of tests, declared at namespace scope in <unit>_test.cc. The body runs in main(),
// after every static object exists, and only declares tests; each test runs by itself.
class Suite {
 public:
  using Body = void (*)(Suite&);

  Suite(const char* name, Body body);
  Suite(const Suite&) = delete;
  Suite& operator=(const Suite&) = delete;

  // `claim` says what holds when the test passes: "returns nothing below the trim point".
  void test(std::string_view claim, std::function<void()> run,
            std::source_location where = std::source_location::current());

 private:
  friend class Registry;
  explicit Suite(const char* name) : name_(name) {}

  const char* name_;
};

// Says which round of a loop failed: `const Case round("length", n);` is printed with every failure
// while it is in scope, on its own thread. `label` is a literal.
class Case {
 public:
  Case(const char* label, std::uint64_t value) noexcept;
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;
  ~Case();

  const char* label;
  std::uint64_t value;
  const Case* outer;
};

// Marks the running test failed and goes on. Any thread.
void fail(std::string_view message, std::source_location where = std::source_location::current());

// Fails with both values of a comparison, printed: fail_comparison("at most ", "7", "9", where).
void fail_comparison(std::string_view relation, std::string_view expected, std::string_view actual,
                     std::source_location where);

// Ends the running test; it is counted as skipped. Only on the thread that runs the test.
[[noreturn]] void skip(std::string_view reason);

// Ends the running test as failed: for what the rest of it cannot do without.
[[noreturn]] void stop(std::string_view message,
                       std::source_location where = std::source_location::current());

// Ends the running test, which has failed already.
[[noreturn]] void end_failed();

// Expectations: a failing one prints where it stands and what it saw, marks the test failed and
// goes on. They return whether they held.

inline bool expect(bool held, std::string_view what = "expected to hold",
                   std::source_location where = std::source_location::current()) {
  if (!held) fail(what, where);
  return held;
}

template <typename Actual, typename Expected>
bool expect_eq(const Actual& actual, const Expected& expected,
               std::source_location where = std::source_location::current()) {
  if (equal(actual, expected)) return true;
  fail_comparison("", describe(expected), describe(actual), where);
  return false;
}

template <typename Actual, typename Unwanted>
bool expect_ne(const Actual& actual, const Unwanted& unwanted,
               std::source_location where = std::source_location::current()) {
  if (!equal(actual, unwanted)) return true;
  fail_comparison("anything but ", describe(unwanted), describe(actual), where);
  return false;
}

template <typename Actual, typename Limit>
bool expect_le(const Actual& actual, const Limit& limit,
               std::source_location where = std::source_location::current()) {
  if (!less(limit, actual)) return true;
  fail_comparison("at most ", describe(limit), describe(actual), where);
  return false;
}

template <typename Actual, typename Floor>
bool expect_ge(const Actual& actual, const Floor& floor,
               std::source_location where = std::source_location::current()) {
  if (!less(actual, floor)) return true;
  fail_comparison("at least ", describe(floor), describe(actual), where);
  return false;
}

template <typename T>
bool expect_ok(const Result<T>& result,
               std::source_location where = std::source_location::current()) {
  if (result.ok()) return true;
  fail_comparison("", "success", describe(result.error()), where);
  return false;
}

template <typename T>
bool expect_error(const Result<T>& result, Errc expected,
                  std::source_location where = std::source_location::current()) {
  if (!result.ok() && result.error().code == expected) return true;
  fail_comparison("", describe(expected), result.ok() ? "success" : describe(result.error()),
                  where);
  return false;
}

// The value of a result the test cannot go on without: `Segment segment = take(Segment::open(…));`
template <typename T>
T take(Result<T> result, std::source_location where = std::source_location::current()) {
  if (!expect_ok(result, where)) end_failed();
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The bytes of a text: `text_bytes("abc")` is 3 bytes.
[[nodiscard]] inline Bytes text_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

}  // namespace millrace::test
