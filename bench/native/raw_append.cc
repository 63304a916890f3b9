// Appends records and prints how long that took. `way` says where the bytes go:
//   ready  into a mapped file whose pages were all supplied before the clock started
//   ahead  into a mapped file that starts empty, a second thread supplying pages ahead of the
//   writer write  into a buffer, and from there into an empty file with one write(2) for each batch
// Per record: a header of 32 bytes, a copy of the key, a copy of the payload. The clock starts
// behind `warm` records. `clock=each` times every single append, too.
#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "raw_log.h"

namespace {

using namespace raw_log;

constexpr std::size_t kPopulateStep = 2 * kMiB;

// The records to append: the very bytes that the other contenders take, from the file `pool`; key
// and payload of one record after the other, all of the same size.
class Pool {
 public:
  explicit Pool(const Arguments& arguments)
      : key_bytes_(arguments.number("key")), payload_bytes_(arguments.number("payload")) {
    const Mapped mapped = open_mapped(arguments.text("pool"), O_RDONLY, PROT_READ);
    bytes_.assign(mapped.data, mapped.data + mapped.bytes);
    count_ = bytes_.size() / (key_bytes_ + payload_bytes_);
  }
  [[nodiscard]] std::size_t stride() const {
    return stride_of(sizeof(Header) + key_bytes_ + payload_bytes_);
  }
  // All there is to an append.
  void write(std::byte* to, std::size_t sequence) {
    const std::size_t size = key_bytes_ + payload_bytes_;
    const std::byte* from = bytes_.data() + next_ * size;
    next_ = next_ + 1 == count_ ? 0 : next_ + 1;
    const Header header{.length = static_cast<std::uint32_t>(sizeof(Header) + size),
                        .key_bytes = static_cast<std::uint32_t>(key_bytes_),
                        .sequence = sequence,
                        .arrival_ms = 1,
                        .reserved = 0};
    std::memcpy(to, &header, sizeof(header));
    std::memcpy(to + sizeof(header), from, key_bytes_);
    std::memcpy(to + sizeof(header) + key_bytes_, from + key_bytes_, payload_bytes_);
  }

 private:
  std::size_t key_bytes_;
  std::size_t payload_bytes_;
  std::vector<std::byte> bytes_;
  std::size_t count_ = 0;
  std::size_t next_ = 0;
};

void populate(std::byte* at, std::size_t bytes) {
  checked(madvise(at, bytes, MADV_POPULATE_WRITE), "madvise");
}

// Where appended records go. `place` answers room for one record.
class MappedTarget {
 public:
  // `ahead`: pages are supplied by a second thread while records are appended; otherwise all of
  // them before.
  MappedTarget(int file, std::size_t bytes, bool ahead) {
    checked(ftruncate(file, static_cast<off_t>(bytes)), "ftruncate");
    mapped_ = map_file(file, bytes, PROT_READ | PROT_WRITE);
    if (ahead) {
      supplier_ = std::thread([this] { supply(); });
    } else {
      supply();
    }
  }
  ~MappedTarget() {
    if (supplier_.joinable()) supplier_.join();
  }
  std::byte* place(std::size_t bytes) {
    std::byte* at = mapped_.data + tail_;
    tail_ += bytes;
    // Acquire pairs with the release in supply(): the pages below are there.
    for (std::size_t ready; (ready = ready_.load(std::memory_order_acquire)) < tail_;) {
      ready_.wait(ready, std::memory_order_acquire);
    }
    return at;
  }
  void flush() {}

 private:
  void supply() {
    for (std::size_t at = 0; at < mapped_.bytes;) {
      const std::size_t step = std::min(kPopulateStep, mapped_.bytes - at);
      populate(mapped_.data + at, step);
      at += step;
      ready_.store(at, std::memory_order_release);
      ready_.notify_one();
    }
  }

  Mapped mapped_{};
  std::size_t tail_ = 0;
  std::atomic<std::size_t> ready_{0};
  std::thread supplier_;
};

// Gathers a batch and writes it with one call.
class WrittenTarget {
 public:
  WrittenTarget(int file, std::size_t batch_bytes) : file_(file), buffer_(batch_bytes) {}
  std::byte* place(std::size_t bytes) {
    if (buffer_.size() - used_ < bytes) flush();
    used_ += bytes;
    return buffer_.data() + used_ - bytes;
  }
  void flush() {
    for (std::size_t at = 0; at < used_;) {
      at +=
          static_cast<std::size_t>(checked(write(file_, buffer_.data() + at, used_ - at), "write"));
    }
    used_ = 0;
  }

 private:
  int file_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
};

// The percentiles that bench/spread.ts names, of the nanoseconds of single appends.
std::string percentiles(std::vector<std::uint64_t>& samples) {
  constexpr std::array kShares{0.5, 0.9, 0.99, 0.999, 0.9999};
  std::ranges::sort(samples);
  std::string list = ",\"latencyNs\":[";
  for (const double share : kShares) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(samples.size()));
    list += std::to_string(samples[std::min(index, samples.size() - 1)]) + ",";
  }
  return list + std::to_string(samples.back()) + "]";
}

template <typename Target>
void append_all(Target& target, Pool& pool, const Arguments& arguments) {
  const std::size_t warm = arguments.number("warm");
  const std::size_t records = arguments.number("records");
  const bool each = arguments.text("clock") == "each";
  const std::size_t stride = pool.stride();
  for (std::size_t i = 0; i < warm; ++i) pool.write(target.place(stride), i);
  target.flush();
  std::vector<std::uint64_t> samples(each ? records : 0);
  const Stopwatch watch;
  for (std::size_t i = 0; i < records && !each; ++i) pool.write(target.place(stride), warm + i);
  for (std::uint64_t& sample : samples) {
    const std::uint64_t before = nanoseconds(CLOCK_MONOTONIC);
    pool.write(target.place(stride), warm);
    sample = nanoseconds(CLOCK_MONOTONIC) - before;
  }
  target.flush();
  watch.print(each ? percentiles(samples) : "");
}

void append(const Arguments& arguments) {
  Pool pool(arguments);
  const std::string path = arguments.text("file");
  const std::string way = arguments.text("way");
  const std::size_t stride = pool.stride();
  const std::size_t bytes = (arguments.number("warm") + arguments.number("records")) * stride;
  const int file = checked(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600), path.c_str());
  if (way == "write") {
    WrittenTarget target(file, arguments.number("batch") * stride);
    append_all(target, pool, arguments);
  } else {
    MappedTarget target(file, bytes, way == "ahead");
    append_all(target, pool, arguments);
  }
}

}  // namespace

int main(int count, char** values) {
  append(Arguments(count, values));
  return 0;
}
