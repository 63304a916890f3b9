#pragma once

#include <span>
#include <string>

namespace millrace::crash {

// Replays crashes of workloads, as many as asked for. The command's arguments; its exit code: 0, 1
// where a state was wrong, 2 for misuse.
int replay_command(std::span<const std::string> arguments);

}  // namespace millrace::crash
