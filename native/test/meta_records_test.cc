#include "core/meta_records.h"

#include <string>

#include "core/env_memory.h"
#include "core/paths.h"
#include "core/segment_list.h"
#include "core/store_folder.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

// A store with nothing but a metadata log.
struct MetaStore {
  std::shared_ptr<Env> env = std::make_shared<EnvMemory>();
  LogFixture log{env, "store/meta", {}, {.uuid = uuid(), .shard = 0}};

  MetaStore() {
    take(env->make_directory("store"));
    File format = take(File::open(*env, "store/format", OpenMode::kCreate));
    take(format.write_all(text_bytes(format_text(uuid())), FileOffset{0}));
    expect_ok(log.open());
  }
  static std::array<std::byte, 16> uuid() {
    std::array<std::byte, 16> bytes;
    bytes.fill(std::byte{0x5a});
    return bytes;
  }
  // All payloads, read a page at a time.
  std::vector<std::string> read(std::uint64_t page_bytes, std::uint64_t from = 0) {
    std::vector<std::string> payloads;
    for (bool at_end = false; !at_end;) {
      const MetaRecords page = take(read_meta_records(*env, "store", {from}, page_bytes));
      std::size_t begin = 0;
      for (std::size_t i = 0; i < page.ends.size(); ++i) {
        const char* text = reinterpret_cast<const char*>(page.payloads.data());
        payloads.emplace_back(text + begin, text + page.ends[i]);
        expect_ge(page.sequences[i].value, from);
        begin = page.ends[i];
      }
      from = page.next.value;
      at_end = page.at_end;
    }
    return payloads;
  }
};

const Suite meta_records_tests("meta_records", [](Suite& s) {
  s.test("are none in a store whose metadata has no files", [] {
    MetaStore store;
    expect_eq(store.read(1).size(), 0u);
  });
  s.test("are those of the log, whatever the pages' size, while its writer goes on", [] {
    MetaStore store;
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < 3'000; ++i) {
      expected.push_back(std::to_string(i) + std::string(i % 1'000, '.'));
      store.log.append("", expected.back());
    }
    for (const std::uint64_t page_bytes : {100'000u, 1'000'000u, 100'000'000u}) {
      expect(store.read(page_bytes) == expected);
    }
    expect_eq(store.read(1, 2'990).size(), 11u);
  });
  s.test("begin at the trim point", [] {
    MetaStore store;
    for (int i = 0; i < 100; ++i) store.log.append("", std::to_string(i));
    expect_ok(store.log->trim({91}));
    expect_eq(store.read(1'000),
              std::vector<std::string>{"90", "91", "92", "93", "94", "95", "96", "97", "98", "99"});
  });
  s.test("end before damage", [] {
    MetaStore store;
    for (int i = 0; i < 100; ++i) store.log.append("", std::string(100, 'x'));
    expect_ok(store.log->close());
    store.log.crash();
    const std::string path =
        join_path("store/meta", take(list_segment_names(*store.env, "store/meta")).at(0));
    File file = take(File::open(*store.env, path, OpenMode::kReadWrite));
    take(file.write_all(text_bytes("damage"), FileOffset{12'288 + 50 * 136 + 60}));
    expect_eq(store.read(1'000).size(), 50u);
  });
});

}  // namespace
}  // namespace millrace::test
