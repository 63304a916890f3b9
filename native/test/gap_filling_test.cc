#include <cstdint>
#include <vector>

#include "core/frame.h"
#include "core/segment_rewrite.h"
#include "test/test.h"

namespace millrace::test {
namespace {

const Suite gap_tests("gaps that fill", [](Suite& s) {
  s.test("their place to the byte, whatever its size", [] {
    const FrameSeed seed{};
    for (std::uint64_t bytes = kFrameHeaderBytes; bytes < 300'000;
         bytes += bytes < 500 ? 8 : 7'992) {
      const Case round("bytes", bytes);
      for (const std::uint64_t count : {1u, 2u, 3u, 1'000u}) {
        const auto gaps = fill_with_gaps({.from = {4'096},
                                          .to = {4'096 + bytes},
                                          .first = {7},
                                          .last = {6 + count},
                                          .arrival = {5},
                                          .epoch = 1});
        const bool no_room = bytes < 40 && count > 1;
        expect_eq(gaps.has_value(), !no_room);
        if (!gaps) continue;
        std::uint64_t at = 4'096;
        std::uint64_t next = 7;
        for (const Filling& gap : *gaps) {
          expect_eq(gap.from.bytes, at);
          expect_eq(gap.first.value, next);
          const std::uint64_t stride = gap.to.bytes - gap.from.bytes;
          std::vector<std::byte> payload(stride - kFrameHeaderBytes);
          if (!payload.empty()) store(payload.data(), gap.last.value);
          std::vector<std::byte> frame(stride);
          write_frame(frame.data(),
                      {.type = FrameType::kGap,
                       .flags = 0,
                       .key = {},
                       .hash_key = nullptr,
                       .payload = payload},
                      {gap.first, 1, {5}}, seed);
          const FrameCheck check = check_frame(frame, seed);
          expect(check.fault == FrameFault::kNone);
          expect_eq(gap_end(frame.data(), check.frame), gap.last);
          at = gap.to.bytes;
          next = gap.last.value + 1;
        }
        expect_eq(at, 4'096 + bytes);
        expect_eq(next, 7 + count);
      }
    }
  });
});

}  // namespace
}  // namespace millrace::test
