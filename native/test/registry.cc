#include "test/registry.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string_view>

namespace millrace::test {
namespace {

constexpr std::size_t kShownFailuresMax = 10;  // of one test; the rest are only counted

thread_local const Case* innermost_case = nullptr;

std::string shown_cases() {
  std::string text;
  for (const Case* round = innermost_case; round != nullptr; round = round->outer) {
    text = std::string(round->label) + " " + std::to_string(round->value) +
           (text.empty() ? "" : ", ") + text;
  }
  return text.empty() ? text : " (" + text + ")";
}

}  // namespace

Suite::Suite(const char* name, Body body) : name_(name) {
  Registry::instance().add_suite(name, body);
}

void Suite::test(std::string_view claim, std::function<void()> run, std::source_location where) {
  Registry::instance().add_test(std::string(name_) + ": " + std::string(claim), std::move(run),
                                where);
}

Case::Case(const char* label_in, std::uint64_t value_in) noexcept
    : label(label_in), value(value_in), outer(innermost_case) {
  innermost_case = this;
}

Case::~Case() { innermost_case = outer; }

void fail(std::string_view message, std::source_location where) {
  Registry::instance().report_failure(message, where);
}

void fail_comparison(std::string_view relation, std::string_view expected, std::string_view actual,
                     std::source_location where) {
  std::string message = "expected ";
  message.append(relation).append(expected).append("\n            saw ").append(actual);
  fail(message, where);
}

void end_failed() { throw TestEnded{}; }

void skip(std::string_view reason) { throw TestEnded{std::string(reason)}; }

void stop(std::string_view message, std::source_location where) {
  fail(message, where);
  end_failed();
}

Registry& Registry::instance() {
  static Registry registry;
  return registry;
}

void Registry::add_suite(const char* name, Suite::Body body) {
  const auto name_of = [](const SuiteEntry& entry) { return std::string_view(entry.name); };
  const auto behind = std::ranges::upper_bound(suites_, std::string_view(name), {}, name_of);
  suites_.insert(behind, {name, body});
}

void Registry::add_test(std::string name, std::function<void()> run, std::source_location where) {
  if (name.find(filter_) == std::string::npos) return;
  const auto is_in_name = [&](const std::string& text) {
    return name.find(text) != std::string::npos;
  };
  if (std::ranges::any_of(excepted_, is_in_name)) return;
  tests_.push_back({std::move(name), std::move(run), where});
}

void Registry::collect(std::string_view filter, const std::vector<std::string_view>& excepted) {
  filter_ = filter;
  excepted_.assign(excepted.begin(), excepted.end());
  for (const SuiteEntry& entry : suites_) {
    Suite suite(entry.name);
    entry.body(suite);
  }
}

void Registry::keep_part(std::size_t part, std::size_t parts) {
  std::size_t number = 0;
  std::erase_if(tests_, [&](const Test&) { return number++ % parts + 1 != part; });
}

void Registry::list() const {
  for (const Test& test : tests_) std::printf("%s\n", test.name.c_str());
}

void Registry::report_failure(std::string_view message, std::source_location where) {
  const std::lock_guard lock(mutex_);
  if (++failures_ > kShownFailuresMax) return;
  std::printf("%s:%u: %s%s\n       %.*s\n", where.file_name(), static_cast<unsigned>(where.line()),
              running_ == nullptr ? "outside of any test" : running_->name.c_str(),
              shown_cases().c_str(), static_cast<int>(message.size()), message.data());
}

void Registry::note_seed(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  seed_ = seed;
}

Registry::Outcome Registry::run_one(const Test& test) {
  {
    const std::lock_guard lock(mutex_);
    running_ = &test;
    failures_ = 0;
    seed_.reset();
  }
  std::optional<std::string> skip_reason;
  try {
    test.run();
  } catch (TestEnded& ended) {
    skip_reason = std::move(ended.skip_reason);
  } catch (const std::exception& thrown) {
    report_failure(std::string("threw ") + thrown.what(), test.where);
  }
  const std::lock_guard lock(mutex_);
  running_ = nullptr;
  if (failures_ > 0) {
    std::printf("failed: %s (%zu)", test.name.c_str(), failures_);
    if (seed_)
      std::printf(", MILLRACE_SEED=%llu repeats it", static_cast<unsigned long long>(*seed_));
    std::printf("\n");
    return Outcome::kFailed;
  }
  if (!skip_reason) return Outcome::kPassed;
  std::printf("skipped: %s: %s\n", test.name.c_str(), skip_reason->c_str());
  return Outcome::kSkipped;
}

std::size_t Registry::run_all(bool verbose) {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
  for (const Test& test : tests_) {
    if (verbose) std::printf("%s\n", test.name.c_str());
    const auto started = std::chrono::steady_clock::now();
    switch (run_one(test)) {
      case Outcome::kPassed:
        ++passed;
        break;
      case Outcome::kFailed:
        ++failed;
        break;
      case Outcome::kSkipped:
        ++skipped;
        break;
    }
    const std::chrono::duration<double, std::milli> took =
        std::chrono::steady_clock::now() - started;
    if (verbose) std::printf("    %.1f ms\n", took.count());
  }
  std::printf("%zu passed, %zu failed, %zu skipped\n", passed, failed, skipped);
  return failed;
}

}  // namespace millrace::test
