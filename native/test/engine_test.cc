#include "core/engine.h"

#include <array>
#include <cerrno>
#include <memory>

#include "core/env_faulting.h"
#include "core/env_memory.h"
#include "core/store_reader.h"
#include "test/log_fixture.h"

namespace millrace::test {
namespace {

void append_text(ShardLog& log, const char* text) {
  const BatchBuilder batch = BatchBuilder().add("key", text);
  std::array<double, 1> out{};
  expect_eq(take(log.append(batch.packed(), {out, out})), 1u);
}

std::vector<ReadRecord> records_of(ShardLog& log) {
  Page page;
  return take(read_page(log, 1, 10, 4'096, page));
}

const Suite engine_tests("engine", [](Suite& s) {
  s.test("reads what a log holds whose dropped namesake was read before", [] {
    auto engine = take(Engine::open(std::make_shared<EnvMemory>(), std::make_shared<Background>(),
                                    "store", {.sync = false}));
    const LogIdentity identity = take(engine->new_identity(0));
    for (const char* text : {"first", "second", "third"}) {
      // A thread that has not heard of it goes on with a log that another one has dropped.
      const std::unique_ptr<ShardLog> log = take(engine->open_log(identity));
      append_text(*log, text);
      expect_ok(log->stats());
      const std::vector<ReadRecord> records = records_of(*log);
      if (!expect_eq(records.size(), 1u)) return;
      expect(records[0].payload == text);
      expect_ok(log->close());
      engine->left(identity);
      expect_ok(engine->drop(identity));
    }
  });
  s.test("makes a store whichever of its calls is interrupted", [] {
    std::uint64_t nth = 1;
    for (bool met = true; met; ++nth) {
      const Case round("call", nth);
      EnvMemory memory;
      const auto env = std::make_shared<EnvFaulting>(memory);
      env->plan({.nth = nth, .sys_errno = EINTR});
      auto engine = Engine::open(env, std::make_shared<Background>(), "store", {});
      if (!expect_ok(engine)) continue;
      const std::unique_ptr<ShardLog> metadata = take((*engine)->open_meta());
      append_text(*metadata, "first");
      expect_ok(metadata->close());
      expect_ok((*engine)->close());
      met = nth <= env->call_count();
    }
    expect_ge(nth, 40u);
  });
  s.test("tells who waits for a log without files that it has some, once", [] {
    const auto env = std::make_shared<EnvMemory>();
    const auto background = std::make_shared<Background>();
    auto engine = take(Engine::open(env, background, "store", {.sync = false}));
    const std::unique_ptr<ShardLog> metadata = take(engine->open_meta());
    const LogIdentity identity = take(engine->new_identity(0));
    append_text(*metadata, "there is a log");
    const std::unique_ptr<ShardLog> log = take(engine->open_log(identity));
    const auto reader = take(StoreReader::open(env, background, "store"));
    for (const TailSource& source : {reader->open_log(identity)->source(), log->source()}) {
      expect(source.control == nullptr);
      if (!expect(source.herald != nullptr)) return;
      expect(!source.has_files());
    }
    const TailSource source = reader->open_log(identity)->source();
    const auto word = [&source] { return source.herald->wake_word()->load(); };
    const std::uint32_t before = word();
    expect(source.herald->announce());
    append_text(*log, "first");
    expect(source.has_files());
    expect_eq(word(), before + 1);
    expect(source.herald->announce());
    append_text(*log, "second");
    expect_eq(word(), before + 1);
    expect(reader->open_log(identity)->source().herald != nullptr);
    expect(reader->open_meta()->source().herald == nullptr);
    expect_ok(log->close());
    expect_ok(metadata->close());
  });
});

}  // namespace
}  // namespace millrace::test
