#include "crash/replay_jobs.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

namespace millrace::crash {

namespace {

constexpr std::size_t kTokenBytesMax = 128;
constexpr std::uint64_t kRunsOfWorkload = 3;  // at least, where there are states enough
constexpr std::uint64_t kStatesOfRunMax = 4'000;
constexpr std::uint64_t kShownMax = 5;  // failures of a workload, with all that is wrong

// What a job tells the others, in memory that all of them see: nothing is sent that could be lost.
struct JobSlot {
  std::array<char, kTokenBytesMax> state;  // that it is at
  std::array<ReplayCounts, 32> counts;     // by workload
};

class SharedSlots {
 public:
  explicit SharedSlots(std::size_t count)
      : bytes_(count * sizeof(JobSlot)),
        at_(::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  SharedSlots(const SharedSlots&) = delete;
  SharedSlots& operator=(const SharedSlots&) = delete;
  ~SharedSlots() {
    if (is_there()) ::munmap(at_, bytes_);
  }
  [[nodiscard]] bool is_there() const noexcept { return at_ != MAP_FAILED; }
  [[nodiscard]] JobSlot& operator[](std::size_t i) const noexcept {
    return static_cast<JobSlot*>(at_)[i];
  }

 private:
  std::size_t bytes_;
  void* at_;
};

void run_job(const std::vector<const Workload*>& chosen, std::uint64_t seed, std::uint64_t states,
             std::size_t job, std::size_t jobs, JobSlot& slot) {
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    std::uint64_t shown = 0;
    const auto begins = [&](const StateToken& token) {
      const std::string text = token.text();
      std::snprintf(slot.state.data(), slot.state.size(), "%s", text.c_str());
    };
    const auto fails = [&](const ReplayFailure& failure) {
      std::string text = "WRONG " + failure.token.text() + "\n";
      for (const std::string& sentence : failure.wrong) {
        if (shown < kShownMax) text += "    " + sentence + "\n";
      }
      ++shown;
      std::fputs(text.c_str(), stdout);
      std::fflush(stdout);
    };
    slot.counts[i] = replay_states(*chosen[i], seed, states, job, jobs, begins, fails);
  }
}

}  // namespace

ReplayCounts replay_states(const Workload& workload, std::uint64_t seed, std::uint64_t states,
                           std::size_t job, std::size_t jobs,
                           const std::function<void(const StateToken&)>& begins,
                           const std::function<void(const ReplayFailure&)>& fails) {
  ReplayCounts counts;
  const std::uint64_t share = states / jobs + (job < states % jobs ? 1 : 0);
  const std::uint64_t of_run =
      std::clamp<std::uint64_t>(share / kRunsOfWorkload, 1, kStatesOfRunMax);
  for (std::uint64_t run = job; counts.states < share; run += jobs) {
    Replay replay(workload, seed + run);
    replay.begins = begins;
    replay.fails = fails;
    const std::uint64_t wanted = std::min(of_run, share - counts.states);
    // As many of each cut as there are to be had; where they are fewer than cuts, of some of them.
    const std::uint64_t cuts = replay.cut_count();
    for (std::uint64_t cut = 0; cut < cuts && replay.counts().states < wanted; ++cut) {
      const std::uint64_t due = wanted * (cut + 1) / cuts;
      if (due > replay.counts().states) { replay.check_cut(cut, 0, due - replay.counts().states); }
    }
    counts.add(replay.counts());
  }
  return counts;
}

std::optional<JobsReport> run_jobs(const std::vector<const Workload*>& chosen, std::uint64_t seed,
                                   std::uint64_t states, std::size_t jobs) {
  const SharedSlots slots(jobs);
  if (!slots.is_there()) return std::nullopt;
  const std::uint64_t of_workload = (states + chosen.size() - 1) / chosen.size();
  std::vector<pid_t> children;
  for (std::size_t job = 0; job < jobs; ++job) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
      run_job(chosen, seed, of_workload, job, jobs, slots[job]);
      std::fflush(stdout);
      ::_exit(0);
    }
    if (child < 0) return std::nullopt;
    children.push_back(child);
  }
  JobsReport report;
  for (std::size_t job = 0; job < children.size(); ++job) {
    int status = 0;
    ::waitpid(children[job], &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      report.all_ended = false;
      std::printf("DIED %s\n", slots[job].state.data());
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      report.counts[std::string(chosen[i]->name)].add(slots[job].counts[i]);
    }
  }
  return report;
}

}  // namespace millrace::crash
