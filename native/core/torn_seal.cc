#include "core/torn_seal.h"

#include <array>
#include <cstddef>
#include <cstring>

#include "core/chunk_reader.h"
#include "core/file.h"
#include "core/guarded_copy.h"
#include "core/segment_header.h"

namespace millrace {

Result<void> drop_seal(Env& env, const Segment& segment, Bytes bytes) {
  std::array<std::byte, sizeof(SegmentSeal)> block;
  const bool read = guarded(
      [&]() noexcept { std::memcpy(block.data(), bytes.data() + kSealOffset, block.size()); });
  if (!read) return Error{.code = Errc::kIo, .message = segment.path + ": unreadable page"};
  if (first_non_zero(block) == block.size()) return {};
  Result<File> file = File::open(env, segment.path, OpenMode::kReadWrite);
  if (!file) return file.error();
  block.fill(std::byte{0});
  return file->write_all(block, FileOffset{kSealOffset});
}

}  // namespace millrace
