// How should a commit that touches eight shards reach the disk?
//
// Eight shards are eight segment files, zeroed and synced beforehand, so a commit only overwrites
// blocks that exist. Each way below makes one commit durable; the ways take turns inside a round
// (A B C A B C ...), so they meet the same disk. Reported: microseconds a commit, 1 KiB records a
// second, and what the device saw. Staging the bytes is not timed, copying them to the cache is.
//
//   g++ -std=c++20 -O2 -Wall -Wextra -pthread bench/spikes/commit_sync.cc -o commit_sync
//   ./commit_sync <empty folder on the file system to measure> [rounds = 9]
//
// Needs 2.6 GB there while it runs, in files without names. Linux only.

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kShards = 8;
constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::size_t kIndexBytes = kMiB;  // header and index area in front of the data
constexpr std::size_t kSegmentBytes = 128 * kMiB + kIndexBytes;
constexpr std::size_t kDirectBytes = 64 * kMiB + kIndexBytes;
constexpr std::size_t kLogBytes = kShards * 128 * kMiB + kIndexBytes;
constexpr std::size_t kCheckpointBytes = 64 * kMiB;  // per shard, as the engine promises
constexpr double kPackUs = 0.19;                     // one record appended by its caller, measured

void check(long result, const char* what) {
  if (result < 0) std::perror(what), std::exit(1);
}

double now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::micro>(now).count();
}

// One file without a name, whose blocks are all written and on the disk.
class ZeroedFile {
 public:
  ZeroedFile(const std::string& folder, std::size_t bytes, int flags)
      : fd_(::open(folder.c_str(), O_RDWR | O_TMPFILE | flags, 0600)), bytes_(bytes) {
    check(fd_, "open");
    alignas(4096) static char zeros[kMiB];
    for (std::size_t at = 0; at < bytes; at += kMiB) {
      check(::pwrite(fd_, zeros, kMiB, static_cast<off_t>(at)), "zero");
    }
    check(::fsync(fd_), "fsync");
  }
  ~ZeroedFile() { ::close(fd_); }
  ZeroedFile(const ZeroedFile&) = delete;

  int fd() const { return fd_; }

  // Where the nth write of `bytes` goes: one after another, from the front again at the end.
  off_t place(std::size_t nth, std::size_t bytes) const {
    return static_cast<off_t>(kIndexBytes + nth % ((bytes_ - kIndexBytes) / bytes) * bytes);
  }

 private:
  const int fd_;
  const std::size_t bytes_;
};

// Threads that live as long as the program and are woken for each commit. The caller is thread 0.
class Crew {
 public:
  Crew() {
    for (int i = 1; i < kShards; ++i) threads_.emplace_back([this, i] { serve(i); });
  }
  ~Crew() {
    share_ = nullptr;
    for (int i = 1; i < kShards; ++i) wake(i);
    for (auto& thread : threads_) thread.join();
  }

  // job(shard) for every shard, dealt evenly to `threads` threads; returns when all are done.
  void run(int threads, const std::function<void(int)>& job) {
    share_ = [&](int thread) {
      for (int shard = thread; shard < kShards; shard += threads) job(shard);
    };
    left_.store(threads - 1, std::memory_order_relaxed);
    for (int i = 1; i < threads; ++i) wake(i);
    share_(0);
    for (int left; (left = left_.load(std::memory_order_acquire)) != 0;) left_.wait(left);
  }

 private:
  void wake(int thread) {
    turns_[thread].fetch_add(1, std::memory_order_release);  // publishes share_ and left_
    turns_[thread].notify_one();
  }
  void serve(int thread) {
    for (int turn = 0;; ++turn) {
      while (turns_[thread].load(std::memory_order_acquire) == turn) turns_[thread].wait(turn);
      if (share_ == nullptr) return;
      share_(thread);
      if (left_.fetch_sub(1, std::memory_order_release) == 1) left_.notify_one();
    }
  }

  std::atomic<int> turns_[kShards] = {};  // released by wake(), acquired by serve()
  std::atomic<int> left_{0};              // released by each thread that is done, acquired by run()
  std::function<void(int)> share_;
  std::vector<std::thread> threads_;
};

// The system calls of io_uring, enough to submit eight fdatasyncs at once and wait for them.
class Ring {
 public:
  Ring() : fd_(static_cast<int>(::syscall(SYS_io_uring_setup, kShards, &at_))) {
    if (fd_ < 0) return;
    sq_ = map(IORING_OFF_SQ_RING);
    cq_ = map(IORING_OFF_CQ_RING);
    sqes_ = reinterpret_cast<io_uring_sqe*>(map(IORING_OFF_SQES));
  }
  bool allowed() const { return fd_ >= 0; }

  void fdatasync(const std::deque<ZeroedFile>& files) {
    for (std::uint32_t i = 0; i < kShards; ++i) {
      sqes_[i] = {};
      sqes_[i].opcode = IORING_OP_FSYNC;
      sqes_[i].fd = files[i].fd();
      sqes_[i].fsync_flags = IORING_FSYNC_DATASYNC;
      word(sq_, at_.sq_off.array)[i] = i;
    }
    const auto cqes = reinterpret_cast<io_uring_cqe*>(cq_ + at_.cq_off.cqes);
    const std::uint32_t mask = *word(cq_, at_.cq_off.ring_mask), head = *word(cq_, at_.cq_off.head);
    __atomic_fetch_add(word(sq_, at_.sq_off.tail), kShards, __ATOMIC_RELEASE);  // to the kernel
    check(::syscall(SYS_io_uring_enter, fd_, kShards, kShards, IORING_ENTER_GETEVENTS, nullptr, 0),
          "io_uring_enter");
    for (std::uint32_t i = 0; i < kShards; ++i) check(-(cqes[(head + i) & mask].res != 0), "ring");
    __atomic_fetch_add(word(cq_, at_.cq_off.head), kShards, __ATOMIC_RELEASE);  // to the kernel
  }

 private:
  char* map(off_t what) {  // eight entries of each ring fit one page
    void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, what);
    return check(at == MAP_FAILED ? -1 : 0, "mmap ring"), static_cast<char*>(at);
  }
  static std::uint32_t* word(char* ring, std::uint32_t offset) {
    return reinterpret_cast<std::uint32_t*>(ring + offset);
  }

  io_uring_params at_{};
  int fd_;
  char *sq_ = nullptr, *cq_ = nullptr;
  io_uring_sqe* sqes_ = nullptr;
};

// Everything a way may use. `nth` counts commits, so that successive writes lie behind each other.
struct Rig {
  explicit Rig(const std::string& folder) : log(folder, kLogBytes, 0) {
    for (int i = 0; i < kShards; ++i) {
      segments.emplace_back(folder, kSegmentBytes, 0);
      direct.emplace_back(folder, kDirectBytes, O_DIRECT);
    }
    std::memset(staged, 0x5a, sizeof staged);
  }

  int fd(int shard) const { return segments[shard].fd(); }
  void write(int shard, int flags = 0, bool uncached = false) {
    const ZeroedFile& file = (uncached ? direct : segments)[shard];
    const iovec part{staged + shard * bytes, bytes};
    check(::pwritev2(file.fd(), &part, 1, file.place(nth, bytes), flags), "pwritev2");
  }
  void write_all() {
    for (int i = 0; i < kShards; ++i) write(i);
  }
  void write_and_sync_log() {
    check(::pwrite(log.fd(), staged, bytes * kShards, log.place(nth, bytes * kShards)), "log");
    check(::fdatasync(log.fd()), "fdatasync");
  }
  void write_index() {  // 16 bytes for 16 KiB of data, in every shard
    const auto at = static_cast<off_t>(8192 + nth * bytes / kKiB % (512 * kKiB));
    for (int i = 0; i < kShards; ++i) check(::pwrite(fd(i), staged, bytes / kKiB, at), "index");
  }
  void sync(int shard) { check(::fdatasync(fd(shard)), "fdatasync"); }
  void sync_all() {
    for (int i = 0; i < kShards; ++i) sync(i);
  }

  void settle() {  // nothing is left behind
    if (checkpoint.joinable()) checkpoint.join();
    sync_all();
  }

  // Starts writing without waiting; skips pages already on their way to the disk.
  void start_all() { range_all(false, SYNC_FILE_RANGE_WRITE, kShards); }
  // Eight overlapping writes, then one flush of the device's cache. The second pass carries all
  // three flags on purpose: only then does the kernel also write pages that were under way and
  // dirtied again. Right only where no metadata is pending: blocks written and synced before.
  // The last file is synced whole, so all of it starts early. `behind` commits came after this one.
  void one_barrier(bool only_data = false, std::size_t behind = 0) {
    range_all(only_data, SYNC_FILE_RANGE_WRITE, kShards - 1, behind);
    check(::sync_file_range(fd(kShards - 1), 0, 0, SYNC_FILE_RANGE_WRITE), "sync_file_range");
    range_all(only_data, SYNC_FILE_RANGE_WRITE_AND_WAIT, kShards - 1, behind);
    sync(kShards - 1);
  }
  // Acknowledged by one sync of the log; the segments follow unsynced, and a helper thread syncs
  // them whenever 64 MiB a shard have gathered. Runs shorter than that charge nothing for it.
  void commit_by_log() {
    write_and_sync_log();
    write_all();
    if ((nth + 1) * bytes % kCheckpointBytes != 0) return;
    if (checkpoint.joinable()) checkpoint.join();
    checkpoint = std::thread([this] { sync_all(); });
  }

  ZeroedFile log;
  std::deque<ZeroedFile> segments, direct;
  Crew crew;
  Ring ring;
  std::thread checkpoint;
  alignas(4096) char staged[kShards * kMiB];
  std::size_t bytes = 0;  // a shard's part of a commit
  std::size_t nth = 0;

 private:
  void range_all(bool only_data, unsigned flags, int shards, std::size_t behind = 0) {
    const off_t length = only_data ? static_cast<off_t>(bytes) : 0;  // 0: to the end of the file
    for (int i = 0; i < shards; ++i) {
      const off_t from = only_data ? segments[i].place(nth - behind, bytes) : 0;
      check(::sync_file_range(fd(i), from, length, flags), "sync_file_range");
    }
  }
};

using Commit = std::function<void(Rig&)>;
using Run = std::function<void(Rig&, std::size_t commits)>;
struct Way {
  const char* name;
  Run run;
  bool sustained = false;
};  // sustained: also over 1 GiB

Run one_by_one(Commit commit) {
  return [commit](Rig& rig, std::size_t commits) {
    for (std::size_t i = 0; i < commits; ++i, ++rig.nth) commit(rig);
  };
}

// `before` of the next commit runs here while a second thread runs `after` of the last one.
Run pipelined(Commit before, Commit after) {
  return [before, after](Rig& rig, std::size_t commits) {
    std::barrier turn(2, [&rig]() noexcept { ++rig.nth; });
    std::thread second([&] {
      for (std::size_t i = 0; i < commits; ++i) {
        turn.arrive_and_wait();
        after(rig);
      }
    });
    for (std::size_t i = 0; i < commits; ++i) {
      before(rig);
      turn.arrive_and_wait();
    }
    second.join();
  };
}

void pack(Rig& rig) {  // the caller's own work for the next commit
  const double us = static_cast<double>(rig.bytes * kShards / kKiB) * kPackUs;
  for (const double until = now_us() + us; now_us() < until;) {}
}

Commit in_threads(int threads, std::function<void(Rig&, int)> job) {
  return [threads, job](Rig& rig) { rig.crew.run(threads, [&](int i) { job(rig, i); }); };
}

std::vector<Way> ways(bool ring_allowed) {
  const Commit sync_log = [](Rig& r) { r.write_and_sync_log(); };
  const Commit in_a_row = [](Rig& r) {
    r.write_all();
    r.sync_all();
  };
  const Commit barrier = [](Rig& r) {
    r.write_all();
    r.one_barrier();
  };
  const Commit dsync = in_threads(8, [](Rig& r, int i) { r.write(i, RWF_DSYNC); });
  const Commit by_log = [](Rig& r) { r.commit_by_log(); };
  const auto with_index = [](bool only_data) {
    return Commit([=](Rig& r) {
      r.write_all();
      r.write_index();
      r.one_barrier(only_data);
    });
  };
  const auto together = [&](int threads, bool started = false) {
    const Commit write = [=](Rig& r) { r.write_all(), started ? r.start_all() : void(); };
    return Commit([=, sync = in_threads(threads, &Rig::sync)](Rig& r) { write(r), sync(r); });
  };
  std::vector<Way> all{
      {"0  flush alone: fdatasync of a clean file", one_by_one([](Rig& r) { r.sync(0); })},
      {"1  one file, one fdatasync", one_by_one(sync_log), true},
      {"2  eight fdatasync in a row", one_by_one(in_a_row), true},
      {"3a eight fdatasync, 2 threads", one_by_one(together(2))},
      {"3b eight fdatasync, 4 threads", one_by_one(together(4)), true},
      {"3c eight fdatasync, 8 threads", one_by_one(together(8)), true},
      {"4a start all, eight fdatasync in a row", one_by_one(together(1, true))},
      {"4b start all, eight fdatasync, 8 threads", one_by_one(together(8, true)), true},
      {"4c start all, wait for all, one fdatasync", one_by_one(barrier), true},
      {"4d 4c with an index page a shard", one_by_one(with_index(false))},
      {"4e 4d, index pages left to the checkpoint", one_by_one(with_index(true)), true},
      {"5  shared log, segments unsynced", one_by_one(by_log), true},
      {"7a RWF_DSYNC, 8 threads", one_by_one(dsync), true},
      {"7b O_DIRECT and RWF_DSYNC, 8 threads",
       one_by_one(in_threads(8, [](Rig& r, int i) { r.write(i, RWF_DSYNC, true); }))},
      {"7c O_DIRECT, 8 threads, one fdatasync",
       one_by_one([write = in_threads(8, [](Rig& r, int i) { r.write(i, 0, true); })](Rig& r) {
         write(r);
         check(::fdatasync(r.direct[0].fd()), "fdatasync");
       })},
      {"8  syncfs", one_by_one([](Rig& r) {
         r.write_all();
         check(::syncfs(r.fd(0)), "syncfs");
       })},
      {"9a sync only the one with waiters", one_by_one([](Rig& r) {
         r.write_all();
         r.sync(0);
       })},
      {"9b 4c, writes overlap the previous sync",
       pipelined([](Rig& r) { r.write_all(); }, [](Rig& r) { r.one_barrier(); }), true},
      {"9c 4e, writes overlap the previous sync",
       pipelined(
           [](Rig& r) {
             r.write_all();
             r.write_index();
           },
           [](Rig& r) { r.one_barrier(true, 1); }),
       true},
      {"9d 4c after packing, one thread", one_by_one([barrier](Rig& r) {
         pack(r);
         barrier(r);
       }),
       true},
      {"9e 4c while the caller packs the next", pipelined(pack, barrier), true},
      {"9f 3c while the caller packs the next", pipelined(pack, together(8)), true},
      {"9g 7a while the caller packs the next", pipelined(pack, dsync), true},
      {"9h 5 while the caller packs the next", pipelined(pack, by_log), true},
      {"9i 2 while the caller packs the next", pipelined(pack, in_a_row), true},
      {"9j 1 while the caller packs the next", pipelined(pack, sync_log), true},
  };
  if (ring_allowed) {
    all.insert(all.begin() + 12, {"6  eight fdatasync by io_uring", one_by_one([](Rig& r) {
                                    r.write_all();
                                    r.ring.fdatasync(r.segments);
                                  }),
                                  true});
  }
  return all;
}

// What the device has completed, for everyone who uses it.
struct DeviceCounts {
  double writes = 0, flushes = 0;
};

DeviceCounts device_counts(int fd) {
  struct stat file{};
  check(::fstat(fd, &file), "fstat");
  const auto name = std::to_string(major(file.st_dev)) + ":" + std::to_string(minor(file.st_dev));
  std::ifstream stat("/sys/dev/block/" + name + "/stat");
  std::vector<double> fields(17);
  for (double& field : fields) stat >> field;
  return {fields[4], fields[15]};
}

struct Outcome {
  const char* name;
  std::vector<double> us;
  DeviceCounts seen;
};

void print(std::vector<Outcome>& outcomes, std::size_t commit_bytes, std::size_t commits) {
  std::printf(
      "\n| %-42s | median us | min - max     | k records/s |  GB/s | writes | flushes |\n"
      "| %s | --------: | ------------- | ----------: | ----: | -----: | ------: |\n",
      "way", std::string(42, '-').c_str());
  for (auto& [name, us, seen] : outcomes) {
    std::sort(us.begin(), us.end());
    const double median = us[us.size() / 2], runs = static_cast<double>(commits * us.size());
    const double gb_per_s = static_cast<double>(commit_bytes) / median / 1e3;
    const double records = gb_per_s / (512 * kKiB) * 500 * 1e6;  // 500 with headers fill 512 KiB
    std::printf("| %-42s | %9.0f | %5.0f - %-5.0f | %11.0f | %5.2f | %6.1f | %7.1f |\n", name,
                median, us.front(), us.back(), records, gb_per_s, seen.writes / runs,
                seen.flushes / runs);
  }
  std::fflush(stdout);
}

void measure(Rig& rig, const std::vector<Way>& ways, std::size_t shard_bytes, std::size_t commits,
             int rounds, bool sustained) {
  rig.bytes = shard_bytes;
  std::vector<Outcome> outcomes;
  for (const Way& way : ways) outcomes.push_back({way.name, {}, {}});
  for (int round = -1; round < rounds; ++round) {  // round -1 warms up
    for (std::size_t i = 0; i < ways.size(); ++i) {
      rig.nth = 0;
      const DeviceCounts before = device_counts(rig.fd(0));
      const double start = now_us();
      ways[i].run(rig, commits);
      if (sustained) rig.settle();
      const double us = (now_us() - start) / static_cast<double>(commits);
      const DeviceCounts after = device_counts(rig.fd(0));
      rig.settle();  // not timed: what a way leaves unsynced must not burden the next
      if (round < 0) continue;
      outcomes[i].us.push_back(us);
      outcomes[i].seen.writes += after.writes - before.writes;
      outcomes[i].seen.flushes += after.flushes - before.flushes;
    }
  }
  std::printf("\n8 x %zu KiB a commit, %zu commits a round, %d rounds%s\n", shard_bytes / kKiB,
              commits, rounds, sustained ? ", the final sync of everything included" : "");
  print(outcomes, kShards * shard_bytes, commits);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: commit_sync <folder> [rounds]\n"), 2;
  const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 9;
  static Rig rig(argv[1]);  // its staging is too large for the stack
  if (!rig.ring.allowed()) std::printf("way 6 left out: io_uring_setup is refused here\n");
  std::vector<Way> all = ways(rig.ring.allowed());
  for (const std::size_t kib : {64, 4, 512}) measure(rig, all, kib * kKiB, 80, rounds, false);
  std::erase_if(all, [](const Way& way) { return !way.sustained; });
  measure(rig, all, 64 * kKiB, 2048, rounds, true);
}
