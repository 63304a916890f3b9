#include "crash/replay.h"

#include <string>

#include "crash/replay_jobs.h"
#include "test/test.h"

namespace millrace::crash {
namespace {

using namespace millrace::test;

constexpr std::uint64_t kStatesOfWorkload = 80;

std::string in_words(const ReplayFailure& failure) {
  std::string text = failure.token.text();
  for (const std::string& sentence : failure.wrong) text += "\n            " + sentence;
  return text;
}

std::string in_words(const std::vector<RecordedCall>& calls) {
  std::string text;
  for (const RecordedCall& call : calls) {
    text += std::to_string(static_cast<int>(call.kind)) + call.path + call.to_path + "@" +
            std::to_string(call.at.bytes) + "+" + std::to_string(call.length) + "+" +
            std::to_string(call.bytes.size()) + "\n";
  }
  return text;
}

const Suite replay_tests("crash replay", [](Suite& s) {
  for (const Workload& workload : workloads()) {
    s.test("finds nothing wrong in what crashes leave of \"" + std::string(workload.name) + '"',
           [&workload] {
             const ReplayCounts counts = replay_states(
                 workload, 1, kStatesOfWorkload, 0, 1, [](const StateToken&) {},
                 [](const ReplayFailure& failure) { fail(in_words(failure)); });
             expect_ge(counts.states, kStatesOfWorkload);
             expect_ge(counts.distinct, kStatesOfWorkload / 4);
           });
  }
  s.test("records the same calls for the same seed", [] {
    for (const Workload& workload : workloads()) {
      const std::string first = in_words(record(workload, 7).calls);
      expect(first == in_words(record(workload, 7).calls), workload.name);
      expect(first != in_words(record(workload, 8).calls), workload.name);
    }
  });
  s.test("reads back its tokens, and no others", [] {
    const StateToken token{"commit", 3, 17, 2, 1};
    expect_eq(token.text(), std::string("commit:3:17:2:1"));
    expect_eq(StateToken::parse(token.text())->text(), token.text());
    expect_eq(StateToken::parse("commit:3:17:2")->text(), std::string("commit:3:17:2"));
    for (const char* text : {"", "commit", "commit:3:17", "commit:3:17:x", "commit:3:17:2:1:1"}) {
      expect(!StateToken::parse(text), text);
    }
  });
});

}  // namespace
}  // namespace millrace::crash
