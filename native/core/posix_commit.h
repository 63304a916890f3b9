#pragma once

#include <span>

#include "core/crew.h"
#include "core/env.h"
#include "core/result.h"

// How POSIX systems make several files durable together: posix_commit_linux.cc,
// posix_commit_macos.cc. For env_posix.cc only.
namespace millrace::posix {

// Env::write_durably.
Result<void> write_durably(Crew& crew, std::span<const DurableWrite> writes);

// Env::begin_durable.
void begin_durable(const DurableWrite& write) noexcept;

// Env::shares_flush_below.
[[nodiscard]] Result<FileOffset> shares_flush_below(int descriptor);

}  // namespace millrace::posix
