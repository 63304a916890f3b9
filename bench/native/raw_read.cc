// Copies every record out of a mapped file, a page of 256 KiB after the other, and looks at the
// first and last byte of each payload in the copy. The file was written by raw_append, is in the
// page cache, and was mapped and read once before the clock starts.
#include <algorithm>
#include <vector>

#include "raw_log.h"

namespace {

using namespace raw_log;

constexpr std::size_t kPageBytes = 256 * 1024;

// A record that a page cuts off begins the next one.
std::uint64_t copy_out(const Mapped& log, std::vector<std::byte>& page) {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < log.bytes;) {
    const std::size_t copied = std::min(page.size(), log.bytes - at);
    std::memcpy(page.data(), log.data + at, copied);
    std::size_t in = 0;
    while (copied - in >= sizeof(Header)) {
      const Header header = header_at(page.data() + in);
      if (header.length > copied - in) break;
      const std::byte* payload = page.data() + in + sizeof(header) + header.key_bytes;
      sum += static_cast<std::uint64_t>(payload[0]);
      sum += static_cast<std::uint64_t>(page[in + header.length - 1]);
      in += stride_of(header.length);
    }
    at += in;
  }
  return sum;
}

}  // namespace

int main(int count, char** values) {
  const Arguments arguments(count, values);
  const Mapped log = open_mapped(arguments.text("file"), O_RDONLY, PROT_READ);
  std::vector<std::byte> page(kPageBytes);
  const std::uint64_t before = copy_out(log, page);
  const Stopwatch watch;
  const bool same = copy_out(log, page) == before;
  watch.print();
  return same ? 0 : 3;
}
