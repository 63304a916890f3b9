#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/env_recording.h"
#include "core/result.h"

namespace millrace::crash {

// A journal as a file of this machine, to be played elsewhere or later. Private to tests: of one
// version, which only the same version reads.
//
// Little-endian: "MLRJRNL3", then each call: u8 kind, u32 file, u32 errno, u64 at, u64 length, and
// path, other path and bytes, a u64 of length before each.
inline constexpr std::string_view kJournalMagic = "MLRJRNL3";
// What a call adds to the file.
[[nodiscard]] std::string encode_call(const RecordedCall& call);
[[nodiscard]] std::uint64_t encoded_bytes(const RecordedCall& call) noexcept;
Result<void> write_journal(const std::string& path, const std::vector<RecordedCall>& calls);
// kCorrupt when it is none, or not whole.
Result<std::vector<RecordedCall>> read_journal(const std::string& path);

}  // namespace millrace::crash
