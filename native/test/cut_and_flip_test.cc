// A small store, cut and flipped all over: it opens to exactly what it held, or
// to the prefix that a crash may leave, or is refused; `verify` finds what was refused; and
// `repair` makes it open again with every record whose bytes were not touched. Never a wrong
// record.
//
// `npm test` takes a sample that another seed (MILLRACE_SEED) draws anew; MILLRACE_FLIPS=all takes
// every bit of headers, marks and frames (`npm run test:flips`); of bytes that hold nothing, of the
// index behind its first slots and of the inside of a large record it takes a sample.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/control_page.h"
#include "core/segment_header.h"
#include "test/damage_lab.h"

namespace millrace::test {
namespace {

bool takes_all() {
  const char* const flips = std::getenv("MILLRACE_FLIPS");
  return flips != nullptr && std::string_view(flips) == "all";
}

// Part of a file, and how many of its bits or bytes are passed over from one that is taken to the
// next. Primes, so that all places in a word come by.
struct Part {
  std::string path;
  std::uint64_t from;
  std::uint64_t to;
  std::uint64_t step;
};

// Takes a part's places: all that `step` names, or every `thinning`-th of them from a random one
// on.
template <typename Take>
void each_place(const Part& part, std::uint64_t per_byte, std::uint64_t thinning, Random& random,
                Take take_place) {
  const std::uint64_t step = takes_all() ? part.step : part.step * thinning;
  const std::uint64_t start = takes_all() ? 0 : random.below(step);
  for (std::uint64_t at = part.from * per_byte + start; at < part.to * per_byte; at += step) {
    take_place(at);
  }
}

void add_segment(DamageLab& lab, const std::string& path, std::vector<Part>& parts) {
  const std::uint64_t used = lab.used_bytes(path);
  const std::uint64_t bytes = lab.file_bytes(path);
  parts.push_back({path, 0, 128, 1});
  parts.push_back({path, 128, kSealOffset, 13});
  parts.push_back({path, kSealOffset, kSealOffset + 96, 1});
  parts.push_back({path, kSealOffset + 96, kEpochsOffset, 13});
  parts.push_back({path, kEpochsOffset, kEpochsOffset + 64, 1});
  parts.push_back({path, kEpochsOffset + 64, kIndexOffset, 97});
  parts.push_back({path, kIndexOffset, kIndexOffset + 64, 1});
  std::uint64_t at = kIndexOffset + 64;
  parts.push_back({path, at, 0x3000, 97});
  at = 0x3000;
  for (const StoredFrame& frame : lab.frames_beside(path)) {
    if (frame.file != path) continue;
    const bool large = frame.to - frame.from > kPageBytes;
    const std::uint64_t head_end = large ? frame.from + 64 : frame.to;
    parts.push_back({path, frame.from, head_end, 1});
    if (large) parts.push_back({path, head_end, frame.to, 251});
    at = frame.to;
  }
  parts.push_back({path, at, std::max(used, at) + 64, 1});
  parts.push_back({path, std::max(used, at) + 64, bytes, 50'021});
}

std::vector<Part> all_parts(DamageLab& lab) {
  std::vector<Part> parts;
  for (const std::string& path : {lab.shard_file("ctl"), lab.meta_file("ctl")}) {
    parts.push_back({path, 0, sizeof(ControlPage), 1});
    parts.push_back({path, sizeof(ControlPage), kControlBytes, 97});
  }
  for (const std::string& path : {lab.shard_file("wake"), lab.meta_file("wake")}) {
    parts.push_back({path, 0, kWakeBytes, 97});
  }
  for (const std::string& path : lab.segments()) add_segment(lab, path, parts);
  return parts;
}

const char* name_of(LogEnd end) {
  switch (end) {
    case LogEnd::kClosed:
      return "closed";
    case LogEnd::kProcessDied:
      return "process died";
    case LogEnd::kSystemDied:
      return "system died";
  }
  return "";
}

void report(const char* what, LogEnd end, DamageLab& lab) {
  lab.settle();
  if (takes_all()) std::printf("%s, %s: %s\n", what, name_of(end), lab.tally().text().c_str());
}

void flip_all(LogEnd end) {
  DamageLab lab(end);
  Random random;
  for (const Part& part : all_parts(lab)) {
    each_place(part, 8, 61, random,
               [&](std::uint64_t bit) { lab.round(flipped_bit(part.path, bit)); });
  }
  report("flipped", end, lab);
}

// Every byte of what is used, and some of the rest.
std::vector<Part> cuts(DamageLab& lab) {
  std::vector<Part> parts;
  for (const std::string& path : {lab.shard_file("ctl"), lab.meta_file("ctl")}) {
    parts.push_back({path, 0, sizeof(ControlPage), 1});
    parts.push_back({path, sizeof(ControlPage), kControlBytes, 97});
  }
  for (const std::string& path : lab.segments()) {
    const std::uint64_t used = lab.used_bytes(path);
    parts.push_back({path, 0, 128, 1});
    parts.push_back({path, 128, 0x3000, 31});
    for (const StoredFrame& frame : lab.frames_beside(path)) {
      if (frame.file == path) {
        parts.push_back(
            {path, frame.from, frame.to, frame.to - frame.from > kPageBytes ? 127u : 1u});
      }
    }
    parts.push_back({path, used, used + 64, 1});
    parts.push_back({path, used + 64, lab.file_bytes(path), 50'021});
  }
  return parts;
}

void cut_all(LogEnd end) {
  DamageLab lab(end);
  Random random;
  for (const Part& part : cuts(lab)) {
    each_place(part, 1, 31, random, [&](std::uint64_t at) { lab.round(cut_at(part.path, at)); });
  }
  report("cut", end, lab);
}

void zero_all(LogEnd end) {
  DamageLab lab(end);
  Random random;
  for (const Part& part : cuts(lab)) {
    const std::uint64_t bytes = lab.file_bytes(part.path);
    each_place(part, 1, 31, random, [&](std::uint64_t at) {
      if (at < lab.used_bytes(part.path)) lab.round(zeroed_from(part.path, at, bytes));
    });
  }
  report("zeroed", end, lab);
}

void damage_twice(LogEnd end) {
  DamageLab lab(end);
  Random random;
  const std::vector<Part> parts = all_parts(lab);
  const auto some_flip = [&] {
    const Part& part = parts[random.below(parts.size())];
    return flipped_bit(part.path, part.from * 8 + random.below((part.to - part.from) * 8));
  };
  const int rounds = takes_all() ? 3'000 : 60;
  for (int i = 0; i < rounds; ++i) lab.rough_round({some_flip(), some_flip()});
  report("flipped twice", end, lab);
}

const Suite cut_and_flip_tests("cut and flip", [](Suite& s) {
  for (const LogEnd end : {LogEnd::kClosed, LogEnd::kProcessDied, LogEnd::kSystemDied}) {
    const std::string of = std::string(" of a store whose ") +
                           (end == LogEnd::kClosed ? "logs were closed" : name_of(end));
    s.test("every bit" + of, [end] { flip_all(end); });
    s.test("every end" + of, [end] { cut_all(end); });
    s.test("zeros from every byte on" + of, [end] { zero_all(end); });
    s.test("two bits at once" + of, [end] { damage_twice(end); });
  }
});

}  // namespace
}  // namespace millrace::test
