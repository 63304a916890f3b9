#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/engine.h"
#include "core/env_memory.h"
#include "test/log_fixture.h"
#include "test/memory_shadow.h"
#include "test/random.h"

namespace millrace::test {
namespace {

// A store in memory, as the binding has it.
struct Subject {
  std::shared_ptr<EnvMemory> env;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<ShardLog> log;

  static Subject on(std::shared_ptr<EnvMemory> env, const LogIdentity& identity) {
    auto engine =
        take(Engine::open(env, std::make_shared<Background>(), "/store", {.sync = false}));
    auto log = take(engine->open_log(identity));
    return {std::move(env), std::move(engine), std::move(log)};
  }
  static Subject of(const MemoryImage& image, const LogIdentity& identity) {
    return on(take(EnvMemory::of(image)), identity);
  }
  std::shared_ptr<const MemoryImage> image() { return take(engine->image(*env)); }
  void append(std::uint64_t count, std::size_t bytes, char letter) {
    const std::string payload(bytes, letter);
    for (std::uint64_t i = 0; i < count; ++i) {
      const BatchBuilder batch = BatchBuilder().add("key", payload);
      std::array<double, 1> out{};
      expect_eq(take(log->append(batch.packed(), {out, out})), 1u);
    }
  }
  std::vector<ReadRecord> records() {
    std::vector<ReadRecord> all;
    const LogStats stats = take(log->stats());
    for (std::uint64_t from = stats.first.value; from < stats.next.value;) {
      Page page;
      const std::vector<ReadRecord> read = take(read_page(*log, from, 1'000, 4'000'000, page));
      if (!expect(!read.empty())) break;
      all.insert(all.end(), read.begin(), read.end());
      from = read.back().sequence + 1;
    }
    return all;
  }
  ~Subject() {
    if (log) expect_ok(log->close());
    if (engine) expect_ok(engine->close());
  }
  Subject(std::shared_ptr<EnvMemory> files, std::unique_ptr<Engine> opened,
          std::unique_ptr<ShardLog> first)
      : env(std::move(files)), engine(std::move(opened)), log(std::move(first)) {}
  Subject(Subject&&) noexcept = default;
};

Subject fresh(std::uint64_t uuid) {
  LogIdentity identity;
  store(identity.uuid.data(), uuid);
  return Subject::on(std::make_shared<EnvMemory>(), identity);
}

LogIdentity named(std::uint64_t uuid) {
  LogIdentity identity;
  store(identity.uuid.data(), uuid);
  return identity;
}

std::int64_t resident_bytes() {
  std::int64_t all = 0;
  std::int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::int64_t>(kPageBytes);
}

const Suite fork_tests("fork", [](Suite& s) {
  s.test("an image opens as what the store held, whatever follows on either side", [] {
    Subject parent = fresh(1);
    parent.append(700, 10'000, 'a');  // segments of 1 and 4 MiB are finished
    const std::vector<ReadRecord> before = parent.records();
    const auto image = parent.image();
    parent.append(500, 10'000, 'b');
    Subject fork = Subject::of(*image, named(1));
    expect(fork.records() == before);
    fork.append(300, 9'000, 'c');
    parent.append(300, 9'000, 'd');
    Subject other = Subject::of(*image, named(1));
    expect(other.records() == before);
    expect_eq(fork.records().size(), 1'000u);
    expect(fork.records().back().payload[0] == 'c');
    expect(parent.records().back().payload[0] == 'd');
    expect_eq(parent.records().size(), 1'500u);
  });
  s.test("an image outlives its store and the forks of it", [] {
    std::shared_ptr<const MemoryImage> image;
    std::vector<ReadRecord> before;
    {
      Subject parent = fresh(2);
      parent.append(700, 10'000, 'a');
      before = parent.records();
      image = parent.image();
      expect_ok(parent.log->trim({600}));
    }
    for (int round = 0; round < 3; ++round) {
      Subject fork = Subject::of(*image, named(2));
      expect(fork.records() == before);
      expect_ok(fork.log->trim({600}));
      expect_eq(fork.records().size(), 101u);
    }
  });
  s.test("any chain of forks holds what its ancestors held when they were forked", [] {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      const Case round("seed", seed);
      Random random(seed);
      std::list<std::pair<Subject, std::vector<ReadRecord>>> stores;
      std::vector<std::pair<std::shared_ptr<const MemoryImage>, std::vector<ReadRecord>>> images;
      stores.emplace_back(fresh(seed), std::vector<ReadRecord>{});
      for (int step = 0; step < 40; ++step) {
        auto& [subject, expected] =
            *std::next(stores.begin(), static_cast<std::ptrdiff_t>(random.below(stores.size())));
        switch (random.below(4)) {
          case 0:
          case 1:
            subject.append(1 + random.below(200), random.below(12'000),
                           static_cast<char>('a' + random.below(26)));
            expected = subject.records();
            break;
          case 2:
            images.emplace_back(subject.image(), expected);
            break;
          default:
            if (images.empty()) break;
            {
              const auto& [image, held] = images[random.below(images.size())];
              if (stores.size() > 4) stores.pop_front();
              stores.emplace_back(Subject::of(*image, named(seed)), held);
            }
        }
      }
      for (auto& [subject, expected] : stores) expect(subject.records() == expected);
      for (const auto& [image, held] : images) {
        expect(Subject::of(*image, named(seed)).records() == held);
      }
    }
  });
  s.test("a fork takes memory for what it changes, not for what it holds", [] {
    if (kIsMemoryShadowed) skip("the thread sanitizer keeps several bytes for each byte touched");
    Subject parent = fresh(3);
    parent.append(3'000, 10'000, 'a');
    const auto image = parent.image();
    std::vector<Subject> forks;
    forks.push_back(Subject::of(*image, named(3)));
    const std::int64_t before = resident_bytes();
    for (int fork = 0; fork < 8; ++fork) forks.push_back(Subject::of(*image, named(3)));
    // Pages that are looked at when a log is opened count here, although they are shared.
    expect_ge(std::int64_t{8} * 2 * 1'048'576, resident_bytes() - before);
  });
  s.test("what a call writes into a shared stretch is the file's own", [] {
    EnvMemory env;
    std::vector<std::byte> held(std::size_t{1} << 20, std::byte{7});
    {
      const FileId file = take(env.open("f", OpenMode::kCreate));
      expect_eq(take(env.pwrite(file, held, {0})), held.size());
      const FileContents contents{{"f", {{{0}, {held.size()}, true}}}};
      const auto image = env.image(contents);
      const auto copy = take(EnvMemory::of(*image));
      const FileId other = take(copy->open("f", OpenMode::kReadWrite));
      const std::array<std::byte, 4> nine{std::byte{9}, std::byte{9}, std::byte{9}, std::byte{9}};
      expect_eq(take(copy->pwrite(other, nine, {5'000})), 4u);
      expect_ok(copy->punch(other, {100'000}, 50'000));
      const auto again = take(EnvMemory::of(*copy->image(contents)));
      for (const auto& each : {copy, again}) {
        const FileId read = take(each->open("f", OpenMode::kRead));
        std::vector<std::byte> got(held.size());
        expect_eq(take(each->pread(read, got, {0})), held.size());
        expect(got[4'999] == std::byte{7} && got[5'000] == std::byte{9});
        expect(got[99'999] == std::byte{7} && got[100'000] == std::byte{0});
        expect(got[149'999] == std::byte{0} && got[150'000] == std::byte{7});
        each->close(read);
      }
      copy->close(other);
      std::vector<std::byte> got(held.size());
      expect_eq(take(env.pread(file, got, {0})), held.size());
      expect(got == held);
      env.close(file);
    }
  });
});

}  // namespace
}  // namespace millrace::test
