#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "core/env_faulting.h"
#include "core/env_forwarding.h"
#include "core/env_memory.h"
#include "core/env_recording.h"
#include "test/random.h"

namespace millrace::crash {

// Before the Env that forwards to it.
struct MachineParts {
  EnvMemory memory;
  EnvFaulting faulting{memory};
  EnvRecording recording{faulting};
};

// A machine with a disk in memory, on which the same calls answer the same every time: random bytes
// come from a seed, and the boot is a number. All calls are recorded; planned ones fail, and are
// recorded as failed.
class ReplayedMachine final : private MachineParts, public EnvForwarding {
 public:
  explicit ReplayedMachine(std::uint64_t seed)
      : EnvForwarding(static_cast<Env&>(MachineParts::recording)), random_(seed) {}

  // The disk itself: what is done to it is not recorded.
  EnvMemory& disk() noexcept { return memory; }
  EnvFaulting& faults() noexcept { return faulting; }
  EnvRecording& recorder() noexcept { return recording; }

  void reboot() noexcept { ++boots_; }
  // Up to where writes to any file may share a flush; nowhere by default.
  void share_flushes_below(std::uint64_t bytes) noexcept { shared_below_ = bytes; }

  Result<std::string> boot_id() override {
    return std::string(16, static_cast<char>('a' + boots_ % 26));
  }
  Result<void> random_bytes(MutableBytes into) override {
    const std::lock_guard guard(mutex_);
    random_.fill(into);
    return {};
  }
  Result<FileOffset> shares_flush_below(FileId file) override {
    const Result<std::uint64_t> bytes = recording.file_bytes(file);
    return FileOffset{bytes ? std::min(*bytes, shared_below_) : 0};
  }

 private:
  std::mutex mutex_;  // guards random_
  test::Random random_;
  int boots_ = 0;
  std::uint64_t shared_below_ = 0;
};

}  // namespace millrace::crash
