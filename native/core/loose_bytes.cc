#include "core/loose_bytes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/chunk_reader.h"
#include "core/file.h"
#include "core/frame.h"
#include "core/guarded_copy.h"

namespace millrace {

namespace {

constexpr std::size_t kZerosBytes = 4 * kKiB;

struct Stretch {
  FileOffset from;
  FileOffset end;
};

// Opens the file once something has to be written.
class Eraser {
 public:
  Eraser(Env& env, const Segment& segment) : env_(env), path_(segment.path) {}

  Result<void> erase(Stretch stretch) {
    if (!file_) {
      Result<File> file = File::open(env_, path_, OpenMode::kReadWrite);
      if (!file) return file.error();
      file_.emplace(std::move(*file));
    }
    constexpr std::array<std::byte, kZerosBytes> kZeros{};
    while (stretch.from < stretch.end) {
      const auto count =
          std::min<std::uint64_t>(stretch.end.bytes - stretch.from.bytes, kZeros.size());
      Result<void> written = file_->write_all(Bytes(kZeros).first(count), stretch.from);
      if (!written) return written;
      stretch.from.bytes += count;
    }
    return {};
  }

 private:
  Env& env_;
  const std::string& path_;
  std::optional<File> file_;
};

bool is_odd(Bytes segment, const Stretch& stretch) noexcept {
  const Bytes bytes = segment.subspan(stretch.from.bytes, stretch.end.bytes - stretch.from.bytes);
  return first_non_zero(bytes) < bytes.size();
}

// Behind the payload of the first frame from `at` on that is filled up with something else than
// zeros. `at` is moved behind that frame.
std::optional<Stretch> odd_padding(Bytes segment, FileOffset& at, FileOffset end) noexcept {
  // A length is hostile: below a mark that somebody promised, frames are not looked at before.
  while (at < end && end.bytes - at.bytes >= kFrameHeaderBytes) {
    const auto frame = load<FrameHeader>(segment.data() + at.bytes);
    const std::uint64_t length = std::max<std::uint32_t>(frame.length, kFrameHeaderBytes);
    if (align_up<std::uint64_t>(length, kFrameAlignment) > end.bytes - at.bytes) break;
    const Stretch padding{{at.bytes + length},
                          {at.bytes + align_up<std::uint64_t>(length, kFrameAlignment)}};
    at = padding.end;
    if (is_odd(segment, padding)) return padding;
  }
  return std::nullopt;
}

// Where the bytes begin that no frame and no pad is made of.
FileOffset rest_of(Bytes segment, const SegmentHeader& header, FileOffset end,
                   const Segment* next) noexcept {
  if (next == nullptr) return end;
  const FrameCheck check = check_frame(segment.subspan(end.bytes), seed_of(header));
  const FrameHeader& frame = check.frame.header;
  const bool is_pad = check.fault == FrameFault::kNone &&
                      frame.type == static_cast<std::uint8_t>(FrameType::kPad) &&
                      frame.length == kFrameHeaderBytes &&
                      frame.sequence == next->header.base_sequence &&
                      frame.arrival_ms == next->header.previous_arrival_ms;
  return is_pad ? FileOffset{end.bytes + kFrameHeaderBytes} : end;
}

// The next stretch from `at` on that is not zero, a buffer long at most. `at` is moved behind it.
std::optional<Stretch> odd_rest(Bytes segment, FileOffset& at) noexcept {
  const std::size_t zeros = first_non_zero(segment.subspan(at.bytes));
  at.bytes += zeros;
  if (at.bytes == segment.size()) return std::nullopt;
  const Stretch odd{at,
                    {at.bytes + std::min<std::uint64_t>(kZerosBytes, segment.size() - at.bytes)}};
  at = odd.end;
  return odd;
}

}  // namespace

Result<void> erase_loose_bytes(Env& env, const Segment& segment, Bytes bytes,
                               const FoundFrames& found, const Segment* next) {
  const Error unreadable{.code = Errc::kIo, .message = segment.path + ": unreadable page"};
  Eraser eraser(env, segment);
  std::optional<Stretch> odd;
  for (FileOffset at = found.from;;) {
    if (!guarded([&]() noexcept { odd = odd_padding(bytes, at, found.end); })) return unreadable;
    if (!odd) break;
    if (Result<void> erased = eraser.erase(*odd); !erased) return erased;
  }
  if (found.goes_on) return {};
  FileOffset at;
  const bool read =
      guarded([&]() noexcept { at = rest_of(bytes, segment.header, found.end, next); });
  if (!read) return unreadable;
  for (;;) {
    if (!guarded([&]() noexcept { odd = odd_rest(bytes, at); })) return unreadable;
    if (!odd) return {};
    if (Result<void> erased = eraser.erase(*odd); !erased) return erased;
  }
}

}  // namespace millrace
