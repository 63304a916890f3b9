#pragma once

#include <string>
#include <vector>

#include "core/env_recording.h"
#include "core/result.h"

namespace millrace::crash {

// A journal as a file of this machine, to be played elsewhere or later. Private to tests: of one
// version, which only the same version reads.
//
// Little-endian: "MLRJRNL2", u64 count, then each call: u8 kind, u32 file, u32 errno, u64 at,
// u64 length, and path, other path and bytes, a u64 of length before each.
Result<void> write_journal(const std::string& path, const std::vector<RecordedCall>& calls);
// kCorrupt when it is none, or not whole.
Result<std::vector<RecordedCall>> read_journal(const std::string& path);

}  // namespace millrace::crash
