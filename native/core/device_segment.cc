#include "core/device_segment.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "core/frame.h"
#include "core/guarded_copy.h"
#include "core/time_index.h"

namespace millrace {

namespace {

// What is read at a time: more than any frame takes.
constexpr std::uint64_t kPieceBytes = 16 * kMiB;
static_assert(kPieceBytes > frame_stride(kFrameLengthMax));

// Zeroed memory that costs what is touched of it, and the whole pages in it.
std::byte* first_page(std::byte* memory) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  return memory + (align_up<std::uintptr_t>(address, kPageBytes) - address);
}

std::byte* allocate(std::size_t bytes) noexcept {
  return static_cast<std::byte*>(std::calloc(1, bytes + kPageBytes));
}

// The walk ends there, whatever lies behind what was read.
bool is_final(ScanStop stop) noexcept {
  return stop == ScanStop::kNeverWritten || stop == ScanStop::kPad || stop == ScanStop::kShardEnd;
}

Error no_memory(const std::string& path) {
  return Error{.code = Errc::kIo, .sys_errno = ENOMEM, .message = "malloc for " + path};
}

}  // namespace

Result<DeviceSegment> DeviceSegment::open(Env& env, const std::string& path) {
  {
    Result<File> cached = File::open(env, path, OpenMode::kReadWrite);
    if (!cached) return cached.error();
    if (Result<void> synced = cached->sync_data(); !synced) return synced.error();
  }
  Result<File> device = File::open(env, path, OpenMode::kReadDevice);
  if (!device) return device.error();
  Result<std::uint64_t> bytes = device->bytes();
  if (!bytes) return bytes.error();
  std::unique_ptr<std::byte, Free> memory(allocate(*bytes));
  if (memory == nullptr) return no_memory(path);
  const MutableBytes pages(first_page(memory.get()), *bytes);
  return DeviceSegment(std::move(*device), std::move(memory), pages);
}

// Whole pages, less at the end of the file.
Result<void> DeviceSegment::load(FileOffset from, FileOffset to) {
  const std::size_t begin = align_down<std::uint64_t>(from.bytes, kPageBytes);
  const std::size_t end =
      std::min<std::uint64_t>(align_up<std::uint64_t>(to.bytes, kPageBytes), pages_.size());
  if (begin >= end) return {};
  return device_.read_exactly(pages_.subspan(begin, end - begin), FileOffset{begin});
}

Result<Segment> DeviceSegment::head(const LogIdentity& identity) {
  const FileOffset end{std::min<std::uint64_t>(sizeof(SegmentHeader), pages_.size())};
  if (Result<void> loaded = load(FileOffset{0}, end); !loaded) return loaded.error();
  return segment_of(Bytes(pages_).first(end.bytes), pages_.size(), device_.path(), identity);
}

Result<TailScan> DeviceSegment::scan(const SegmentHeader& header, FileOffset from) {
  const FileOffset limit{header.file_bytes};
  const FileOffset data{header.data_offset};
  if (Result<void> loaded = load(FileOffset{0}, data); !loaded) return loaded.error();
  FileOffset at = TimeIndex(pages_, header).below(from).at;
  std::optional<FrameOrder> order;
  for (;;) {
    const FileOffset to{at.bytes + std::min(limit.bytes - at.bytes, kPieceBytes)};
    if (Result<void> loaded = load(at, to); !loaded) return loaded.error();
    if (at == data) order = opening_order(pages_, header);
    TailScan scan = scan_frames(pages_, header, at, to, order);
    if (to == limit || scan.end == at || is_final(scan.stop)) return scan;
    at = scan.end;
    order = scan.order;
  }
}

Result<std::size_t> DeviceSegment::put_right(Bytes cached, FileOffset from, FileOffset to) {
  std::optional<File> file;
  std::size_t pages = 0;
  for (std::uint64_t at = from.bytes; at < to.bytes;) {
    const std::uint64_t end =
        std::min(align_down<std::uint64_t>(at, kPageBytes) + kPageBytes, to.bytes);
    const Bytes right = Bytes(pages_).subspan(at, end - at);
    bool same = false;
    // A page that cannot be read is written anew.
    const bool read = guarded([&]() noexcept {
      same = std::memcmp(cached.data() + at, right.data(), right.size()) == 0;
    });
    if (!read || !same) {
      if (!file) {
        Result<File> opened = File::open(device_.env(), device_.path(), OpenMode::kReadWrite);
        if (!opened) return opened.error();
        file.emplace(std::move(*opened));
      }
      if (Result<void> done = file->write_all(right, FileOffset{at}); !done) return done.error();
      ++pages;
    }
    at = end;
  }
  return pages;
}

Result<bool> is_on_device(Env& env, const std::string& path, Bytes cached) {
  Result<File> device = File::open(env, path, OpenMode::kReadDevice);
  if (!device) return device.error();
  const std::unique_ptr<std::byte, decltype(&std::free)> memory(allocate(kPageBytes), &std::free);
  if (memory == nullptr) return no_memory(path);
  const MutableBytes page(first_page(memory.get()), kPageBytes);
  if (Result<void> read = device->read_exactly(page, FileOffset{0}); !read) return read.error();
  return std::memcmp(page.data(), cached.data(), cached.size()) == 0;
}

}  // namespace millrace
