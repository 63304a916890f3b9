#include "core/checkpointer.h"

#include <memory>

#include "core/env_memory.h"
#include "test/log_fixture.h"

namespace millrace::test {

namespace {

const Suite checkpointer_tests("checkpointer", [](Suite& s) {
  s.test("counts a record whose number came behind the mark that covered it", [] {
    auto env = std::make_shared<EnvMemory>();
    LogFixture log(env, "log");
    expect_ok(log.open());
    log.append("k", "v");
    Checkpointer checkpointer(env, log->shared()->directory(), log->shared()->control(),
                              LogPosition{}, kFirstSequence, kFirstSequence);
    // The run saw the commit mark of the record, but not yet its number.
    expect_ok(checkpointer.run());
    expect_eq(checkpointer.durable_next(), kFirstSequence);
    checkpointer.published(Sequence{kFirstSequence.value + 1});
    expect_ok(checkpointer.run());
    expect_eq(checkpointer.durable_next(), Sequence{kFirstSequence.value + 1});
  });
});

}  // namespace

}  // namespace millrace::test
