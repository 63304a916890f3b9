// Opens logs as a recovery must at the very least: maps each of the files NAME0, NAME1 …, reads its
// last MiB, copies its first record, and appends one behind the last.
#include <algorithm>
#include <vector>

#include "raw_log.h"

namespace {

using namespace raw_log;

// A byte of every cache line of the last MiB.
std::uint64_t look_at_end(const Mapped& log) {
  std::uint64_t sum = 0;
  for (std::size_t at = log.bytes - std::min(log.bytes, kMiB); at < log.bytes; at += 64) {
    sum += static_cast<std::uint64_t>(log.data[at]);
  }
  return sum;
}

}  // namespace

int main(int count, char** values) {
  const Arguments arguments(count, values);
  const std::size_t files = arguments.number("files");
  std::vector<std::byte> record(kMiB);
  std::uint64_t sum = 0;
  const Stopwatch watch;
  for (std::size_t i = 0; i < files; ++i) {
    const std::string path = arguments.text("file") + std::to_string(i);
    const Mapped log = open_mapped(path, O_RDONLY, PROT_READ);
    sum += look_at_end(log);
    const std::size_t length = std::min<std::size_t>(header_at(log.data).length, record.size());
    std::memcpy(record.data(), log.data, length);
    const int file = checked(open(path.c_str(), O_WRONLY | O_APPEND), path.c_str());
    checked(write(file, record.data(), length), "write");
    close(file);
  }
  watch.print(",\"sum\":" + std::to_string(sum));
  return 0;
}
