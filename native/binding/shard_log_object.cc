#include "binding/shard_log_object.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "binding/arguments.h"
#include "binding/cold_page.h"
#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/log_leasing.h"
#include "binding/log_reading.h"
#include "binding/passed_batch.h"
#include "binding/promised_work.h"

namespace millrace {
namespace {

double as_double(Sequence sequence) noexcept { return static_cast<double>(sequence.value); }

}  // namespace

Napi::Function ShardLogObject::define(Napi::Env env) {
  return DefineClass(env, "NativeShardLog",
                     {
                         raw_method("append", append),
                         raw_method("read", read),
                         raw_method("readResident", read_resident),
                         raw_method("readRecord", read_record),
                         method<&ShardLogObject::load>("load"),
                         raw_method("readLeased", read_leased),
                         method<&ShardLogObject::lease>("lease"),
                         method<&ShardLogObject::seek>("seek"),
                         method<&ShardLogObject::trim>("trim"),
                         method<&ShardLogObject::seal>("seal"),
                         method<&ShardLogObject::seal_later>("sealLater"),
                         method<&ShardLogObject::stats>("stats"),
                         method<&ShardLogObject::watch>("watch"),
                         method<&ShardLogObject::unwatch>("unwatch"),
                         method<&ShardLogObject::flush>("flush"),
                         method<&ShardLogObject::close>("close"),
                     });
}

std::shared_ptr<OpenLog> ShardLogObject::log_of(Napi::Env env, napi_value value) {
  const ShardLogObject* object = passed(env, value);
  return object == nullptr ? nullptr : object->owned_;
}

ShardLog* ShardLogObject::open_log() const {
  if (ShardLog* log = opened()) return log;
  throw_closed(Env(), "the log");
  return nullptr;
}

ShardLog* ShardLogObject::open_log(napi_env env, napi_value self) {
  const ShardLogObject* object = receiver(env, self);
  return object == nullptr ? nullptr : object->open_log();
}

// append(bytes, columns, order, from, count, timeMs, offsets, timesMs)
napi_value ShardLogObject::append(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  ShardLog* log = open_log(env, call.self);
  if (log == nullptr) return nullptr;
  const std::optional<PassedBatch> passed = passed_batch(env, call.arguments);
  if (!passed) return throw_invalid_argument(env, kBatchRule);
  const auto appended = log->append(passed->batch, passed->out);
  if (!appended) return refuse_append(env, appended.error());
  return to_js_integer(env, static_cast<std::int32_t>(*appended));
}

napi_value ShardLogObject::read(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  ShardLog* log = open_log(env, call.self);
  if (log == nullptr) return nullptr;
  return read_page(call, *log, false);
}

napi_value ShardLogObject::read_resident(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  ShardLog* log = open_log(env, call.self);
  if (log == nullptr) return nullptr;
  return read_page(call, *log, true);
}

napi_value ShardLogObject::read_record(napi_env env, napi_callback_info info) {
  const Call<4> call(env, info);
  ShardLog* log = open_log(env, call.self);
  return log == nullptr ? nullptr : read_one(call, *log);
}

Napi::Value ShardLogObject::load(const Napi::CallbackInfo& info) {
  ShardLog* log = open_log();
  return log == nullptr ? Napi::Value() : load_cold(info, *log);
}

napi_value ShardLogObject::read_leased(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  ShardLog* log = open_log(env, call.self);
  return log == nullptr ? nullptr : read_leased_page(call, *log);
}

Napi::Value ShardLogObject::lease(const Napi::CallbackInfo& info) {
  ShardLog* log = open_log();
  return log == nullptr ? Napi::Value() : lease_segment(info, *log);
}

Napi::Value ShardLogObject::seek(const Napi::CallbackInfo& info) {
  ShardLog* log = open_log();
  return log == nullptr ? Napi::Value() : seek_arrival(info, *log);
}

Napi::Value ShardLogObject::trim(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ShardLog* log = open_log();
  if (log == nullptr) return {};
  const auto before = clamped_number(env, info[0]);
  if (!before) return throw_invalid_argument(env, "trim takes an offset");
  const Result<void> trimmed =
      log->trim({static_cast<std::uint64_t>(std::max<std::int64_t>(*before, 0))});
  return trimmed ? env.Undefined() : throw_error(env, trimmed.error());
}

Napi::Value ShardLogObject::seal(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ShardLog* log = open_log();
  if (log == nullptr) return {};
  const auto now = clamped_number(env, info[0]);
  if (!now) return throw_invalid_argument(env, "seal takes the time");
  const auto end = log->seal({*now});
  if (!end) return throw_error(env, end.error());
  return Napi::Number::New(env, as_double(*end));
}

Napi::Value ShardLogObject::seal_later(const Napi::CallbackInfo& info) {
  if (open_log() == nullptr) return {};
  const auto now = clamped_number(info.Env(), info[0]);
  if (!now) return throw_invalid_argument(info.Env(), "sealLater takes the time");
  const auto end = std::make_shared<Sequence>();
  auto work = [log = owned_, arrival = ArrivalTime{*now}, end]() -> Result<void> {
    const OpenLog::Use use(*log);
    if (use.log() == nullptr) return Error{.code = Errc::kClosed, .message = "the log is closed"};
    Result<Sequence> sealed = use.log()->seal(arrival);
    if (!sealed) return std::move(sealed.error());
    *end = *sealed;
    return {};
  };
  return PromisedWork::start(info.Env(), std::move(work), [end](Napi::Env env) {
    return Napi::Number::New(env, as_double(*end));
  });
}

Napi::Value ShardLogObject::stats(const Napi::CallbackInfo& info) {
  ShardLog* log = open_log();
  return log == nullptr ? Napi::Value() : fill_stats(info, *log);
}

Napi::Value ShardLogObject::watch(const Napi::CallbackInfo& info) {
  ShardLog* log = open_log();
  if (log == nullptr) return {};
  if (watch_ == nullptr) {
    watch_ = std::make_unique<LogWatch>(info.Env().GetInstanceData<Environment>()->tail_calls);
  }
  return watch_log(info, *watch_, *log);
}

Napi::Value ShardLogObject::unwatch(const Napi::CallbackInfo& info) {
  if (open_log() == nullptr) return {};
  if (watch_ != nullptr) watch_->unwatch();
  return info.Env().Undefined();
}

Napi::Value ShardLogObject::flush(const Napi::CallbackInfo& info) {
  if (open_log() == nullptr) return {};
  return PromisedWork::start(info.Env(), [log = owned_] { return log->flush(); });
}

Napi::Value ShardLogObject::close(const Napi::CallbackInfo& info) {
  if (open_log() == nullptr) return {};
  watch_.reset();
  return PromisedWork::start(info.Env(), [log = std::move(owned_)] { return log->close(); });
}

}  // namespace millrace
