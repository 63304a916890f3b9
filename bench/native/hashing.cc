// How long do checksums, MD5 and routing take a record? Prints the median and the spread of the
// rounds in nanoseconds an operation; one thread, inputs in the first-level cache, no disk.
// `independent` operations may overlap as they do in a batch, `chained` ones wait for the one
// before.
//
//   g++ -std=c++20 -O2 -Inative -o hashing bench/native/hashing.cc native/core/cpu_features.cc
//     native/core/{crc32c,md5,hash}*.cc && ./hashing
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "core/crc32c.h"
#include "core/crc32c_kernels.h"
#include "core/hash_range.h"
#include "core/md5_lane_kernels.h"
#include "core/md5_lanes.h"

namespace {

using namespace millrace;

constexpr std::size_t kRounds = 21;
constexpr double kRoundNs = 4e6;

volatile std::uint64_t sink = 0;  // keeps the results alive

double elapsed_ns(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - since).count();
}

// `run(times)` does `times` rounds of `operations` operations and answers something of them.
template <typename Run>
void measure(const std::string& what, double operations, Run run) {
  std::size_t times = 1;
  for (;; times *= 2) {
    const auto started = std::chrono::steady_clock::now();
    sink = sink + run(times);
    if (elapsed_ns(started) > kRoundNs) break;
  }
  std::array<double, kRounds> ns{};
  for (double& round : ns) {
    const auto started = std::chrono::steady_clock::now();
    sink = sink + run(times);
    round = elapsed_ns(started) / (static_cast<double>(times) * operations);
  }
  std::ranges::sort(ns);
  std::printf("%-44s %8.2f  (%.2f – %.2f) ns\n", what.c_str(), ns[kRounds / 2], ns.front(),
              ns.back());
}

std::vector<std::byte> some_bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  std::uint32_t state = 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

void measure_crc32c(std::size_t length) {
  const std::size_t inputs = std::max<std::size_t>(1, 16384 / length);
  const std::vector<std::byte> bytes = some_bytes(inputs * length);
  for (const NamedCrc32cKernel& kernel : crc32c_kernels()) {
    const std::string name = "crc32c " + std::to_string(length) + " B, " + kernel.name;
    measure(name + ", independent", static_cast<double>(inputs), [&](std::size_t times) {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < times; ++i) {
        for (std::size_t n = 0; n < inputs; ++n) {
          sum += kernel.extend(0, Bytes(bytes).subspan(n * length, length));
        }
      }
      return sum;
    });
    measure(name + ", chained", static_cast<double>(inputs), [&](std::size_t times) {
      std::uint32_t crc = 0;
      for (std::size_t i = 0; i < times; ++i) {
        for (std::size_t n = 0; n < inputs; ++n) {
          crc = kernel.extend(crc, Bytes(bytes).subspan(n * length, length));
        }
      }
      return std::uint64_t{crc};
    });
  }
}

void measure_md5(std::size_t length) {
  constexpr std::size_t kKeys = 512;
  const std::vector<std::byte> bytes = some_bytes(kKeys * length);
  std::vector<Md5Key> keys;
  for (std::size_t i = 0; i < kKeys; ++i) {
    keys.push_back({bytes.data() + i * length, static_cast<std::uint32_t>(length)});
  }
  std::vector<Md5Digest> digests(kKeys);
  const std::string name = "md5 of a " + std::to_string(length) + "-byte key, ";
  const auto last_byte = [&] { return std::to_integer<std::uint64_t>(digests.back().back()); };
  measure(name + "scalar", kKeys, [&](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) {
      for (std::size_t n = 0; n < kKeys; ++n) digests[n] = md5(Bytes(keys[n].bytes, length));
    }
    return last_byte();
  });
  for (const NamedMd5LaneKernel& kernel : md5_lane_kernels()) {
    measure(name + kernel.name, kKeys, [&](std::size_t times) {
      for (std::size_t i = 0; i < times; ++i) {
        md5_batch_with(kernel, keys.data(), kKeys, digests.data());
      }
      return last_byte();
    });
  }
}

// A batch as a put of many records has it: rows of six words, keys of 16 bytes.
void measure_routing(std::size_t shard_count) {
  constexpr std::size_t kRecords = 500;
  constexpr std::size_t kStride = 6;
  const std::vector<std::byte> bytes = some_bytes(kRecords * 16);
  std::vector<std::uint32_t> words(kRecords * kStride);
  for (std::size_t i = 0; i < kRecords; ++i) {
    words[i * kStride] = static_cast<std::uint32_t>(i * 16);
    words[i * kStride + 1] = 16;
    words[i * kStride + 2] = kNoHashKey;
  }
  std::vector<HashKey> starts;
  for (std::size_t i = 0; i < shard_count; ++i) {
    starts.push_back({~std::uint64_t{0} / shard_count * i, 0});
  }
  const HashRanges ranges(starts);
  const RoutedKeys keys{bytes.data(),     words.data(), words.data() + 1,
                        words.data() + 2, kStride,      kRecords};
  std::vector<std::uint32_t> shards(kRecords);
  const std::string name = " of " + std::to_string(shard_count) + " shards";
  measure("route a record to one" + name, kRecords, [&](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) route_batch(ranges, keys, shards);
    return std::uint64_t{shards.back()};
  });
  measure("find the owner" + name, kRecords, [&](std::size_t times) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < times; ++i) {
      for (std::size_t n = 0; n < kRecords; ++n) {
        sum += ranges.find(HashKey::from_big_endian(bytes.data() + n * 16));
      }
    }
    return sum;
  });
}

}  // namespace

int main() {
  for (const std::size_t length : {100u, 136u, 256u, 1024u, 1064u, 65536u}) {
    measure_crc32c(length);
  }
  for (const std::size_t length : {8u, 16u, 36u, 55u}) measure_md5(length);
  for (const std::size_t shards : {1u, 4u, 16u, 256u}) measure_routing(shards);
}
