#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>

#include "core/bytes.h"
#include "core/env.h"
#include "core/file.h"
#include "core/result.h"
#include "core/segment_list.h"
#include "core/tail_scan.h"
#include "core/units.h"

namespace millrace {

// A segment as the device holds it: read past the page cache, which after a failed write may hold
// what was never written, and whose next sync would say nothing of it. Memory of its own, which
// costs what was read. One thread.
class DeviceSegment {
 public:
  // What the cache has still to write is written and synced first: while that fails, nothing can be
  // said of the segment, and that is the answer.
  static Result<DeviceSegment> open(Env& env, const std::string& path);

  // As read_segment().
  Result<Segment> head(const LogIdentity& identity);
  // Walks the frames from the index slot below `from`, where one starts, to the first that is not
  // whole or not in order.
  Result<TailScan> scan(const SegmentHeader& header, FileOffset from);
  // Writes [from, to), which was scanned, where `cached`, the file as it is mapped, differs from
  // it. Answers how many pages those were; they are still to be synced.
  Result<std::size_t> put_right(Bytes cached, FileOffset from, FileOffset to);

 private:
  struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };

  DeviceSegment(File device, std::unique_ptr<std::byte, Free> memory, MutableBytes pages) noexcept
      : device_(std::move(device)), memory_(std::move(memory)), pages_(pages) {}
  Result<void> load(FileOffset from, FileOffset to);

  File device_;
  std::unique_ptr<std::byte, Free> memory_;
  MutableBytes pages_;  // of memory_, as long as the file; zeros where nothing was loaded
};

// Whether the device holds exactly `cached`, the first bytes of the file.
Result<bool> is_on_device(Env& env, const std::string& path, Bytes cached);

}  // namespace millrace
