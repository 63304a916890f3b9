#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/control_page.h"
#include "core/env.h"
#include "core/segment_header.h"
#include "fuzz/byte_source.h"
#include "fuzz/file_image.h"
#include "fuzz/forged_segment.h"

namespace millrace::fuzz {

inline constexpr const char* kForgedRoot = "store";

// Whose log is forged: of the store's metadata, or of its one shard.
enum class ForgedRole : std::uint8_t { kShard, kMeta };
[[nodiscard]] LogIdentity forged_identity(ForgedRole role);
[[nodiscard]] std::string forged_folder(ForgedRole role);

// The files of one log, as the input would have them. Of an empty input, a log without records that
// its writer left open.
struct ForgedLog {
  struct File {
    std::string path;
    SegmentHeader header;                  // as it was meant
    std::vector<std::uint64_t> frames_at;  // where frames were put, or bytes that may be some
  };
  std::vector<File> segments;
  // A checksum was made to fit what no writer writes: no accident explains these files.
  bool crafted = false;
};

// Makes a store with one log, whose files `in` decides about.
ForgedLog forge_store(Env& env, ByteSource& in, ForgedRole role);

// A control page whose words `in` changes. `segments` are at least one.
FileImage forge_control_page(ByteSource& in, const LogIdentity& identity, std::uint64_t boot_hash,
                             const std::vector<ForgedSegment>& segments, const ForgedPlace& end);

}  // namespace millrace::fuzz
