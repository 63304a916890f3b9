#include "crash/replay_command.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <vector>

#include "crash/replay.h"
#include "crash/replay_jobs.h"

namespace millrace::crash {

namespace {

constexpr const char* kUsage =
    "millrace_crash [--states N] [--seed S] [--workload NAME] [--jobs J]\n"
    "    Builds N states (20000) that crashes of recorded workloads may leave, and opens each.\n"
    "    --seed      of the first run of each workload; default 1\n"
    "    --workload  this one alone\n"
    "    --jobs      processes; default 2\n"
    "millrace_crash --replay TOKEN\n"
    "    Builds the one state that a failure named, and tells its story.\n";

struct Order {
  std::uint64_t states = 20'000;
  std::uint64_t seed = 1;
  std::uint64_t jobs = 2;
  std::string workload;
  std::optional<StateToken> token;
};

const Workload* find(std::string_view name) {
  const auto found = std::ranges::find(workloads(), name, &Workload::name);
  return found == workloads().end() ? nullptr : &*found;
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, fault] = std::from_chars(text.data(), last, value);
  if (fault != std::errc{} || end != last) return std::nullopt;
  return value;
}

std::optional<Order> parse(std::span<const std::string> arguments) {
  Order order;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string& value = arguments[i + 1];
    const std::optional<std::uint64_t> count = number(value);
    if (arguments[i] == "--states" && count) {
      order.states = *count;
    } else if (arguments[i] == "--seed" && count) {
      order.seed = *count;
    } else if (arguments[i] == "--jobs" && count && *count > 0) {
      order.jobs = *count;
    } else if (arguments[i] == "--workload" && find(value) != nullptr) {
      order.workload = value;
    } else if (arguments[i] == "--replay") {
      order.token = StateToken::parse(value);
      if (!order.token || find(order.token->workload) == nullptr) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (arguments.size() % 2 != 0) return std::nullopt;
  return order;
}

int tell(const StateToken& token) {
  Replay replay(*find(token.workload), token.seed);
  if (token.cut >= replay.cut_count()) {
    std::fprintf(stderr, "that run has cuts 0 to %zu\n", replay.cut_count() - 1);
    return 2;
  }
  std::string story;
  const std::vector<std::string> wrong = replay.tell(token, story);
  std::fputs(story.c_str(), stdout);
  if (wrong.empty()) std::puts("It is opened as it should be.");
  for (const std::string& sentence : wrong) std::printf("WRONG: %s\n", sentence.c_str());
  return wrong.empty() ? 0 : 1;
}

void print_counts(const std::string& name, const ReplayCounts& counts) {
  const auto wide = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
  std::printf(
      "%-14s %9llu boundaries %9llu states %9llu distinct %8llu second crashes %6llu wrong\n",
      name.c_str(), wide(counts.boundaries), wide(counts.states), wide(counts.distinct),
      wide(counts.second_crashes), wide(counts.failures));
}

}  // namespace

int replay_command(std::span<const std::string> arguments) {
  const std::optional<Order> order = parse(arguments);
  if (!order) {
    std::fputs(kUsage, stderr);
    std::fputs("workloads:", stderr);
    for (const Workload& workload : workloads()) {
      std::fprintf(stderr, " %s", std::string(workload.name).c_str());
    }
    std::fputs("\n", stderr);
    return 2;
  }
  if (order->token) return tell(*order->token);
  std::vector<const Workload*> chosen;
  for (const Workload& workload : workloads()) {
    if (order->workload.empty() || order->workload == workload.name) chosen.push_back(&workload);
  }
  const auto begin = std::chrono::steady_clock::now();
  const std::optional<JobsReport> report =
      run_jobs(chosen, order->seed, order->states, static_cast<std::size_t>(order->jobs));
  if (!report) return 1;
  ReplayCounts sum;
  for (const auto& [name, counts] : report->counts) {
    print_counts(name, counts);
    sum.add(counts);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  print_counts("all", sum);
  std::printf("%llu states of crashes, %llu wrong, seed %llu, %.1f s\n",
              static_cast<unsigned long long>(sum.states),
              static_cast<unsigned long long>(sum.failures),
              static_cast<unsigned long long>(order->seed), took.count());
  return sum.failures == 0 && report->all_ended ? 0 : 1;
}

}  // namespace millrace::crash
