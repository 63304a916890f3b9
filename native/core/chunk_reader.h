#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/bytes.h"
#include "core/file.h"
#include "core/result.h"
#include "core/scan_meter.h"
#include "core/units.h"

namespace millrace {

// The memory a ChunkReader works in, kept from file to file.
using ChunkBuffer = std::vector<std::byte>;

// Reads one file front to back by calls, not through a mapping: whatever happens to the file
// meanwhile, the worst is an error. Holds one chunk, or the largest piece that was asked for.
class ChunkReader {
 public:
  // All three outlive the reader.
  ChunkReader(const File& file, ChunkBuffer& buffer, ScanMeter& meter) noexcept
      : file_(file), buffer_(buffer), meter_(meter) {}

  // The file's bytes from `at` on: at least `bytes_min`, unless the file ends before. Valid until
  // the next call. Cheap while `at` moves forward. kClosed when the scan was stopped.
  Result<Bytes> from(FileOffset at, std::size_t bytes_min);

 private:
  const File& file_;
  ChunkBuffer& buffer_;
  ScanMeter& meter_;
  FileOffset start_;           // of what the buffer holds
  std::size_t held_ = 0;       // bytes of it
  std::uint64_t read_to_ = 0;  // counted by the meter below this
};

// Where the first byte of [from, to) that is not zero lies, and how far the last one reaches. Both
// are `to` when there is none, or when the file ends before.
struct NonZero {
  FileOffset first;
  FileOffset end;
};
Result<NonZero> find_non_zero(ChunkReader& reader, FileOffset from, FileOffset to);

// Offset of the first byte that is not zero; bytes.size() when all are.
[[nodiscard]] std::size_t first_non_zero(Bytes bytes) noexcept;

}  // namespace millrace
