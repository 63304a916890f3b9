#include "binding/engine_object.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "binding/arguments.h"
#include "binding/buckets_object.h"
#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/group_append.h"
#include "binding/log_identity_argument.h"
#include "binding/memory_image_object.h"
#include "binding/open_log.h"
#include "binding/promised_work.h"
#include "binding/report_fields.h"
#include "binding/shard_log_object.h"
#include "core/sync_times.h"

namespace millrace {
namespace {

constexpr std::size_t kPathBytesMax = 4096;
constexpr std::uint64_t kCommittedSegmentBytes = 64 * kMiB;
constexpr const char* kIdentityRule =
    "a log is named by 32 lowercase hexadecimal digits and a shard number";

Napi::Value new_engine(Napi::Env env, std::shared_ptr<OpenEngine> engine) {
  return EngineObject::make(env.GetInstanceData<Environment>()->engine, std::move(engine));
}

Napi::Value new_log(Napi::Env env, std::shared_ptr<OpenEngine> engine, const LogIdentity& identity,
                    Result<std::unique_ptr<ShardLog>> log) {
  if (!log) return throw_error(env, log.error());
  auto open = std::make_shared<OpenLog>(std::move(engine), identity, std::move(*log));
  return ShardLogObject::make(env.GetInstanceData<Environment>()->shard_log, std::move(open));
}

// A list of identities; nullopt when `list` is anything else. Raw: an element may be a getter, and
// what ends it (a throw, a time limit of node:vm, the end of a worker) is not ours to throw again.
std::optional<std::vector<LogIdentity>> identities(napi_env env, napi_value list) {
  std::uint32_t length = 0;
  if (napi_get_array_length(env, list, &length) != napi_ok) return std::nullopt;
  std::vector<LogIdentity> found;
  for (std::uint32_t i = 0; i < length; ++i) {
    napi_handle_scope scope = nullptr;  // a store may have a hundred thousand logs
    napi_value id = nullptr;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return std::nullopt;
    const bool read = napi_get_element(env, list, i, &id) == napi_ok;
    const std::optional<LogIdentity> identity = read ? log_identity(env, id) : std::nullopt;
    napi_close_handle_scope(env, scope);
    if (!identity) return std::nullopt;
    found.push_back(*identity);
  }
  return found;
}

// openFolder(path, sync[, syncCommits, showCommitted, checkpointMs, backlogBytes[, joined]]): what
// follows `sync`, unless it is undefined, makes the logs `written` ones.
std::optional<LogOptions> folder_options(const Napi::CallbackInfo& info) {
  constexpr std::uint64_t kMsMax = 86'400'000;
  constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 40;
  if (!info[1].IsBoolean()) return std::nullopt;
  LogOptions options;
  options.sync = info[1].As<Napi::Boolean>().Value();
  if (info[2].IsUndefined()) return options;
  const auto checkpoint_ms = whole_number(info.Env(), info[4], kMsMax);
  const auto backlog_bytes = whole_number(info.Env(), info[5], kBytesMax);
  if (!info[2].IsBoolean() || !info[3].IsBoolean() || !checkpoint_ms || !backlog_bytes) {
    return std::nullopt;
  }
  options.written = true;
  options.sync_commits = info[2].As<Napi::Boolean>().Value();
  // Larger ones would be filled with zeros faster than anybody needs them.
  if (options.sync_commits) options.segment_bytes = kCommittedSegmentBytes;
  options.show_committed = info[3].As<Napi::Boolean>().Value();
  options.checkpoint_ms = *checkpoint_ms;
  options.backlog_bytes = *backlog_bytes;
  options.checkpoint_bytes = *backlog_bytes / 2;
  return options;
}

// Nanoseconds as seconds.
double seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

Napi::Value sync_buckets(Napi::Env env, const SyncTotals& totals) {
  Napi::Array buckets = Napi::Array::New(env, totals.counts.size());
  for (std::uint32_t i = 0; i < totals.counts.size(); ++i) {
    const bool last = i + 1 == totals.counts.size();
    const double end =
        last ? std::numeric_limits<double>::infinity() : seconds(sync_bucket_end_ns(i));
    buckets.Set(i,
                Fields(env).number("upToSeconds", end).number("count", totals.counts[i]).object());
  }
  return buckets;
}

}  // namespace

Napi::Function EngineObject::define(Napi::Env env) {
  return DefineClass(env, "NativeEngine",
                     {
                         method<&EngineObject::new_identity>("newIdentity"),
                         method<&EngineObject::open_log>("openLog"),
                         method<&EngineObject::open_meta>("openMeta"),
                         method<&EngineObject::append_together>("appendTogether"),
                         method<&EngineObject::drop>("drop"),
                         method<&EngineObject::sweep>("sweep"),
                         method<&EngineObject::image>("image"),
                         method<&EngineObject::sync_stats>("syncStats"),
                         method<&EngineObject::is_shared>("isShared"),
                         method<&EngineObject::take_turn>("takeTurn"),
                         method<&EngineObject::give_turn>("giveTurn"),
                         method<&EngineObject::take_duty>("takeDuty"),
                         method<&EngineObject::give_duty>("giveDuty"),
                         method<&EngineObject::open_buckets>("openBuckets"),
                         method<&EngineObject::close>("close"),
                     });
}

Napi::Value EngineObject::open_folder(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<std::string> path = text(env, info[0], kPathBytesMax);
  const std::optional<LogOptions> options = folder_options(info);
  if (!path || path->empty() || path->find('\0') != std::string::npos || !options) {
    return throw_invalid_argument(env,
                                  "openFolder takes a path, whether to sync, and how to write");
  }
  auto opened = std::make_shared<std::shared_ptr<OpenEngine>>();
  const Environment* const member = env.GetInstanceData<Environment>();
  const std::uint64_t call_id = member->tail_calls->new_id();
  auto joined = [calls = member->tail_calls, call_id] { calls->call(call_id); };
  if (info[6].IsFunction() &&
      !member->tail_calls->expect(env, call_id, info[6].As<Napi::Function>(),
                                  TailCalls::Hold::kNo)) {
    return {};
  }
  // Of the outcome alone, which goes on this thread: forgotten where opening fails.
  const auto expected = std::make_shared<ExpectedCall>(member->tail_calls, call_id);
  auto work = [path = *path, options = *options, opened, member, joined]() -> Result<void> {
    auto engine = SharedEngine::open_folder(path, options, member, joined);
    if (!engine) return std::move(engine.error());
    *opened = std::make_shared<OpenEngine>(std::move(*engine), member);
    return {};
  };
  auto outcome = [opened, expected](Napi::Env into) {
    const Napi::Value engine = new_engine(into, std::move(*opened));
    if (!engine.IsEmpty()) Unwrap(engine.As<Napi::Object>())->joined_ = expected;
    return engine;
  };
  return PromisedWork::start(env, std::move(work), std::move(outcome));
}

Napi::Value EngineObject::open_memory(const Napi::CallbackInfo& info) {
  const Environment* const member = info.Env().GetInstanceData<Environment>();
  const MemoryImage* image = nullptr;
  if (!info[0].IsUndefined()) {
    image = MemoryImageObject::passed_image(info.Env(), info[0]);
    if (image == nullptr) return throw_invalid_argument(info.Env(), "openMemory takes an image");
  }
  auto engine = SharedEngine::open_memory(member, image);
  if (!engine) return throw_error(info.Env(), engine.error());
  return new_engine(info.Env(), std::make_shared<OpenEngine>(std::move(*engine), member));
}

OpenEngine* EngineObject::open_engine() const {
  if (owned_ == nullptr) throw_closed(Env(), "the engine");
  return owned_.get();
}

Napi::Value EngineObject::new_identity(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  OpenEngine* engine = open_engine();
  if (engine == nullptr) return {};
  const auto shard = whole_number(env, info[0], std::numeric_limits<std::uint32_t>::max());
  if (!shard) return throw_invalid_argument(env, "newIdentity takes a shard number");
  const auto identity = engine->engine().new_identity(static_cast<std::uint32_t>(*shard));
  if (!identity) return throw_error(env, identity.error());
  return Napi::String::New(env, folder_name(*identity));
}

Napi::Value EngineObject::open_log(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  OpenEngine* engine = open_engine();
  if (engine == nullptr) return {};
  const std::optional<LogIdentity> identity = log_identity(env, info[0], info[1]);
  if (!identity) return throw_invalid_argument(env, kIdentityRule);
  if (engine->is_open(*identity)) return throw_invalid_argument(env, "the log is open already");
  auto log = engine->engine().open_log(*identity);
  return new_log(env, owned_, *identity, std::move(log));
}

Napi::Value EngineObject::open_meta(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  OpenEngine* engine = open_engine();
  if (engine == nullptr) return {};
  if (engine->is_open(OpenEngine::kMetaLog)) {
    return throw_invalid_argument(env, "the metadata log is open already");
  }
  auto log = engine->engine().open_meta();
  return new_log(env, owned_, OpenEngine::kMetaLog, std::move(log));
}

Napi::Value EngineObject::append_together(const Napi::CallbackInfo& info) {
  if (open_engine() == nullptr) return {};
  return append_batches(info.Env(), info[0]);
}

Napi::Value EngineObject::drop(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  OpenEngine* engine = open_engine();
  if (engine == nullptr) return {};
  const std::optional<LogIdentity> identity = log_identity(env, info[0], info[1]);
  if (!identity) return throw_invalid_argument(env, kIdentityRule);
  if (engine->is_open(*identity)) return throw_invalid_argument(env, "the log is open");
  const Result<void> dropped = engine->engine().drop(*identity);
  return dropped ? env.Undefined() : throw_error(env, dropped.error());
}

Napi::Value EngineObject::sweep(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  OpenEngine* engine = open_engine();
  if (engine == nullptr) return {};
  std::optional<std::vector<LogIdentity>> live = identities(env, info[0]);
  if (!live) return throw_invalid_argument(env, "sweep takes an array of the live logs' ids");
  const Result<void> swept = engine->sweep(*live);
  return swept ? env.Undefined() : throw_error(env, swept.error());
}

Napi::Value EngineObject::image(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  OpenEngine* engine = open_engine();
  if (engine == nullptr) return {};
  auto image = engine->image();
  if (!image) return throw_error(env, image.error());
  return MemoryImageObject::make(env.GetInstanceData<Environment>()->memory_image,
                                 std::move(*image));
}

Napi::Value EngineObject::sync_stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  OpenEngine* engine = open_engine();
  if (engine == nullptr) return {};
  const SyncTotals totals = engine->engine().sync_totals();
  return Fields(env)
      .number("count", totals.count())
      .number("failed", totals.failed)
      .number("seconds", seconds(totals.nanoseconds))
      .set("buckets", sync_buckets(env, totals))
      .object();
}

Napi::Value EngineObject::is_shared(const Napi::CallbackInfo& info) {
  OpenEngine* engine = open_engine();
  return engine == nullptr ? Napi::Value() : Napi::Boolean::New(info.Env(), engine->is_shared());
}

Napi::Value EngineObject::take_turn(const Napi::CallbackInfo& info) {
  OpenEngine* engine = open_engine();
  return engine == nullptr ? Napi::Value() : Napi::Boolean::New(info.Env(), engine->take_turn());
}

Napi::Value EngineObject::give_turn(const Napi::CallbackInfo& info) {
  OpenEngine* engine = open_engine();
  if (engine == nullptr) return {};
  engine->give_turn();
  return info.Env().Undefined();
}

Napi::Value EngineObject::take_duty(const Napi::CallbackInfo& info) {
  OpenEngine* engine = open_engine();
  return engine == nullptr ? Napi::Value() : Napi::Boolean::New(info.Env(), engine->take_duty());
}

Napi::Value EngineObject::give_duty(const Napi::CallbackInfo& info) {
  OpenEngine* engine = open_engine();
  if (engine == nullptr) return {};
  engine->give_duty();
  return info.Env().Undefined();
}

Napi::Value EngineObject::open_buckets(const Napi::CallbackInfo& info) {
  OpenEngine* engine = open_engine();
  return engine == nullptr ? Napi::Value() : BucketsObject::open(info, engine->buckets());
}

Napi::Value EngineObject::close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  OpenEngine* engine = open_engine();
  if (engine == nullptr) return {};
  if (engine->has_open_logs()) {
    return throw_invalid_argument(env, "an engine is closed after its logs");
  }
  joined_.reset();
  return PromisedWork::start(env, [closing = std::move(owned_)] { return closing->close(); });
}

}  // namespace millrace
