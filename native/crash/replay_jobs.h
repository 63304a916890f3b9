#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crash/replay.h"

namespace millrace::crash {

struct JobsReport {
  std::map<std::string, ReplayCounts> counts;  // by workload
  bool all_ended = true;  // false: a process died, at the state that was printed
};

// Replays about so many states, as many of each workload, in processes of their own: one that dies
// takes no other along. Each failure is printed as it is found, the first ones of a workload with
// all that is wrong. nullopt when no process can be had.
[[nodiscard]] std::optional<JobsReport> run_jobs(const std::vector<const Workload*>& chosen,
                                                 std::uint64_t seed, std::uint64_t states,
                                                 std::size_t jobs);

// Replays about so many states of one workload, in this process, of as many runs as it takes. Of
// `jobs` who share the work, this is the one with this number.
[[nodiscard]] ReplayCounts replay_states(const Workload& workload, std::uint64_t seed,
                                         std::uint64_t states, std::size_t job, std::size_t jobs,
                                         const std::function<void(const StateToken&)>& begins,
                                         const std::function<void(const ReplayFailure&)>& fails);

}  // namespace millrace::crash
