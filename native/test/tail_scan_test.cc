#include "core/tail_scan.h"

#include <string_view>
#include <vector>

#include "test/test.h"

namespace millrace::test {
namespace {

constexpr std::uint64_t kData = 4'096;

// The bytes of a segment whose frames are whole, whatever they say.
struct Frames {
  SegmentHeader header{};
  std::vector<std::byte> bytes = std::vector<std::byte>(2 * kData);
  std::uint64_t end = kData;

  Frames() {
    header.data_offset = kData;
    header.file_bytes = bytes.size();
    header.base_sequence = 1;
  }
  void add(std::uint64_t sequence, std::uint16_t epoch, std::int64_t arrival_ms) {
    constexpr std::string_view kText = "text";
    end += write_frame(bytes.data() + end,
                       {.type = FrameType::kData,
                        .flags = 0,
                        .key = {},
                        .hash_key = nullptr,
                        .payload = std::as_bytes(std::span(kText))},
                       {{sequence}, epoch, {arrival_ms}}, seed_of(header));
  }
  [[nodiscard]] TailScan scan() const {
    return scan_frames(bytes, header, {kData}, {bytes.size()}, opening_order(bytes, header));
  }
};

const Suite tail_scan_tests("tail_scan", [](Suite& s) {
  s.test("takes frames of one writer and of those after it", [] {
    Frames frames;
    frames.add(1, 4, 10);
    frames.add(2, 4, 10);
    frames.add(3, 6, 11);
    const TailScan scan = frames.scan();
    expect(scan.stop == ScanStop::kNeverWritten);
    expect_eq(scan.records, std::uint64_t{3});
    expect_eq(scan.end.bytes, frames.end);
  });
  s.test("ends before a frame that an earlier writer left there, though it is the next one", [] {
    Frames frames;
    frames.add(1, 4, 10);
    frames.add(2, 5, 10);
    const std::uint64_t end = frames.end;
    frames.add(3, 4, 10);
    const TailScan scan = frames.scan();
    expect(scan.stop == ScanStop::kBadOrder);
    expect_eq(scan.end.bytes, end);
  });
  s.test("ends before a frame with another number than the next, or an earlier time", [] {
    for (const std::uint64_t sequence : {2ULL, 3ULL, 5ULL}) {
      Frames frames;
      frames.add(1, 4, 10);
      frames.add(2, 4, 10);
      frames.add(3, 4, 10);
      frames.add(sequence, 4, 10);
      expect_eq(frames.scan().records, std::uint64_t{3});
    }
    Frames frames;
    frames.add(1, 4, 10);
    frames.add(2, 4, 9);
    expect_eq(frames.scan().records, std::uint64_t{1});
  });
});

}  // namespace
}  // namespace millrace::test
