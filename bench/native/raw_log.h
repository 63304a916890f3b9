#pragma once

// What the raw loops share: their record, their clock, their arguments, mapped files. Each loop is
// the least that any log could do with the same records, as something to measure against: one
// thread, no routing, checksums, index, commit mark, checked input or JavaScript. bench/raw-log.ts
// runs them, passes name=value, and reads one line of JSON.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <string>

namespace raw_log {

struct Header {
  std::uint32_t length;  // header, key and payload
  std::uint32_t key_bytes;
  std::uint64_t sequence;
  std::uint64_t arrival_ms;
  std::uint64_t reserved;
};
static_assert(sizeof(Header) == 32);

inline constexpr std::size_t kMiB = 1024 * 1024;

// Where the record behind one of this length begins.
inline std::size_t stride_of(std::size_t length) noexcept { return (length + 7) / 8 * 8; }

[[noreturn]] inline void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

template <typename T>
T checked(T answer, const char* what) {
  if (answer < 0) fail(what);
  return answer;
}

inline std::uint64_t nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// Wall-clock time, and processor time of all threads, since its making.
class Stopwatch {
 public:
  void print(const std::string& more = "") const {
    const std::uint64_t wall = nanoseconds(CLOCK_MONOTONIC) - wall_;
    const std::uint64_t cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_;
    std::printf("{\"ns\":%llu,\"cpuNs\":%llu%s}\n", static_cast<unsigned long long>(wall),
                static_cast<unsigned long long>(cpu), more.c_str());
  }

 private:
  std::uint64_t cpu_ = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  std::uint64_t wall_ = nanoseconds(CLOCK_MONOTONIC);
};

class Arguments {
 public:
  Arguments(int count, char** values) {
    for (int i = 1; i < count; ++i) {
      const std::string pair = values[i];
      const std::size_t equals = pair.find('=');
      if (equals != std::string::npos) by_name_[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
  }
  [[nodiscard]] std::string text(const char* name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
      std::fprintf(stderr, "%s= is missing\n", name);
      std::exit(2);
    }
    return found->second;
  }
  [[nodiscard]] std::size_t number(const char* name) const { return std::stoull(text(name)); }

 private:
  std::map<std::string, std::string> by_name_;
};

// A whole file, mapped.
struct Mapped {
  std::byte* data;
  std::size_t bytes;
};

inline Mapped map_file(int file, std::size_t bytes, int protection) {
  void* at = mmap(nullptr, bytes, protection, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) fail("mmap");
  return {static_cast<std::byte*>(at), bytes};
}

inline Mapped open_mapped(const std::string& path, int flags, int protection) {
  const int file = checked(open(path.c_str(), flags), path.c_str());
  struct stat status{};
  checked(fstat(file, &status), "fstat");
  const Mapped mapped = map_file(file, static_cast<std::size_t>(status.st_size), protection);
  close(file);
  return mapped;
}

inline Header header_at(const std::byte* at) {
  Header header{};
  std::memcpy(&header, at, sizeof(header));
  return header;
}

}  // namespace raw_log
