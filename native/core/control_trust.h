#pragma once

#include <cstdint>
#include <string>

#include "core/control_file.h"
#include "core/control_page.h"
#include "core/env.h"
#include "core/recovery.h"
#include "core/result.h"

namespace millrace {

// What recovery may believe of a control page before it acts on it: a word that lost a bit must not
// hide records, use numbers again or have segments removed. kCorrupt otherwise.

// Before anything else is looked at, in the boot `boot_hash`: do the words agree with each other?
Result<void> believe_page(const ControlPage& page, std::uint64_t boot_hash,
                          const std::string& directory);
// The lower of the trim point and its check, where a writer died between storing the two: it hides
// no record that was not trimmed.
[[nodiscard]] Sequence settled_trim(const ControlPage& page) noexcept;
// Makes the page say so.
void settle_trim(ControlFile& control) noexcept;
// Does it know of every writer that the last segment lists? One that does not is older than the
// log, put back by somebody, and its commit mark would hide what was acknowledged since.
Result<void> believe_writers(Env& env, const RecoveredLog& log, const std::string& directory);
// Of a page that a crash of the system left older than the list: the count goes on behind it, so
// that no two writers have one number. Once nothing can be refused any more.
Result<void> count_listed_writers(Env& env, const RecoveredLog& log);
// Once it is known where the log ends: do they agree with its frames? Only the count of writers is
// put right, where a crash of the system may have lost it.
Result<void> believe_page_of(const RecoveredLog& log, const std::string& directory);

}  // namespace millrace
