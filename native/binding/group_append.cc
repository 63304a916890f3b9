#include "binding/group_append.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/passed_batch.h"
#include "binding/promised_work.h"
#include "binding/shard_log_object.h"
#include "core/shard_log.h"

namespace millrace {
namespace {

constexpr std::size_t kPartValues = 9;
constexpr std::size_t kPartsMax = 100'000;

struct Part {
  std::shared_ptr<OpenLog> log;
  PassedBatch passed;
  Result<std::size_t> answer = std::size_t{0};
};

using Parts = std::vector<Part>;

std::optional<Part> part_at(Napi::Env env, napi_value parts, std::size_t first) {
  std::array<napi_value, kPartValues> values{};
  for (std::size_t i = 0; i < kPartValues; ++i) {
    if (napi_get_element(env, parts, static_cast<std::uint32_t>(first + i), &values[i]) != napi_ok)
      return std::nullopt;
  }
  std::shared_ptr<OpenLog> log = ShardLogObject::log_of(env, values[0]);
  if (log == nullptr) return std::nullopt;
  std::array<napi_value, kPartValues - 1> batch{};
  std::copy(values.begin() + 1, values.end(), batch.begin());
  const std::optional<PassedBatch> passed = passed_batch(env, batch);
  if (!passed) return std::nullopt;
  return Part{.log = std::move(log), .passed = *passed};
}

// Logs stay open, each held once, until all of them have landed.
void run(Parts& parts) {
  std::vector<OpenLog*> logs;
  for (const Part& part : parts) logs.push_back(part.log.get());
  std::ranges::sort(logs);
  const auto doubles = std::ranges::unique(logs);
  logs.erase(doubles.begin(), doubles.end());
  std::vector<std::unique_ptr<OpenLog::Use>> uses;
  for (OpenLog* log : logs) uses.push_back(std::make_unique<OpenLog::Use>(*log));
  std::vector<GroupAppend> appends;
  std::vector<Part*> asked;
  for (Part& part : parts) {
    const auto at = std::ranges::lower_bound(logs, part.log.get()) - logs.begin();
    ShardLog* const log = uses[static_cast<std::size_t>(at)]->log();
    if (log == nullptr) {
      part.answer = Error{.code = Errc::kClosed, .message = "the log was closed"};
      continue;
    }
    appends.push_back({.log = log, .batch = part.passed.batch, .out = part.passed.out});
    asked.push_back(&part);
  }
  append_together(appends);
  for (std::size_t i = 0; i < asked.size(); ++i) asked[i]->answer = std::move(appends[i].answer);
}

Napi::Value answers_of(Napi::Env env, const Parts& parts) {
  const Napi::Array answers = Napi::Array::New(env, parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Result<std::size_t>& answer = parts[i].answer;
    const std::optional<std::int32_t> refusal =
        answer ? std::nullopt : append_refusal(answer.error());
    const auto at = static_cast<std::uint32_t>(i);
    if (answer) {
      answers.Set(at, static_cast<double>(*answer));
    } else if (refusal) {
      answers.Set(at, static_cast<double>(*refusal));
    } else {
      answers.Set(at, to_js_error(env, answer.error()));
    }
  }
  return answers;
}

}  // namespace

Napi::Value append_batches(Napi::Env env, napi_value parts) {
  std::uint32_t length = 0;
  const bool is_list = napi_get_array_length(env, parts, &length) == napi_ok;
  if (!is_list || length % kPartValues != 0 || length > kPartsMax * kPartValues) {
    return throw_invalid_argument(env, "appendTogether takes nine values a batch");
  }
  const auto batches = std::make_shared<Parts>();
  for (std::size_t first = 0; first < length; first += kPartValues) {
    std::optional<Part> part = part_at(env, parts, first);
    if (!part) return throw_invalid_argument(env, kBatchRule);
    batches->push_back(std::move(*part));
  }
  // Keeps the arrays alive; let go on the environment's thread, with the outcome.
  const auto kept = std::make_shared<Napi::ObjectReference>(
      Napi::Persistent(Napi::Value(env, parts).As<Napi::Object>()));
  return PromisedWork::start(
      env,
      [batches = batches.get()]() -> Result<void> {
        run(*batches);
        return {};
      },
      [batches, kept](Napi::Env outcome_env) { return answers_of(outcome_env, *batches); });
}

}  // namespace millrace
