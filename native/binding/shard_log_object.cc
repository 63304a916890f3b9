#include "binding/shard_log_object.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/log_reading.h"
#include "binding/promised_work.h"

namespace millrace {
namespace {

constexpr std::uint64_t kCountMax = std::numeric_limits<std::int32_t>::max();  // answers are int32

double as_double(Sequence sequence) noexcept { return static_cast<double>(sequence.value); }

// Where a refusal has a number, the number; otherwise an exception.
napi_value refuse_append(napi_env env, const Error& error) noexcept {
  switch (error.code) {
    case Errc::kSealed:
      return to_js_integer(env, kRefusalSealed);
    case Errc::kNoSpace:
      return to_js_integer(env, kRefusalFull);
    case Errc::kBacklog:
      return to_js_integer(env, kRefusalBusy);
    default:
      return throw_error(env, error);
  }
}

}  // namespace

Napi::Function ShardLogObject::define(Napi::Env env) {
  return DefineClass(env, "NativeShardLog",
                     {
                         raw_method("append", append),
                         raw_method("appendOne", append_one),
                         raw_method("read", read),
                         method<&ShardLogObject::seek>("seek"),
                         method<&ShardLogObject::trim>("trim"),
                         method<&ShardLogObject::seal>("seal"),
                         method<&ShardLogObject::stats>("stats"),
                         method<&ShardLogObject::flush>("flush"),
                         method<&ShardLogObject::close>("close"),
                     });
}

ShardLog* ShardLogObject::open_log() const {
  if (owned_ != nullptr) return &owned_->log();
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
  const auto bytes = elements<std::byte>(env, call[0]);
  const auto columns = elements<std::uint32_t>(env, call[1]);
  const auto order = elements<std::uint32_t>(env, call[2]);
  const auto from = whole_number(env, call[3], kCountMax);
  const auto count = whole_number(env, call[4], kCountMax);
  const auto arrival = clamped_number(env, call[5]);
  const auto offsets = elements<double>(env, call[6]);
  const auto arrivals = elements<double>(env, call[7]);
  if (!bytes || !columns || !order || !from || !count || !arrival || !offsets || !arrivals) {
    return throw_invalid_argument(env, "append takes a batch and the arrays of its answers");
  }
  if (*from > order->size() || *count > order->size() - *from) {
    return throw_invalid_argument(env, "from and count must lie inside order");
  }
  const std::size_t slots = slots_of(columns->size(), offsets->size(), arrivals->size());
  const std::span<const std::uint32_t> selected = order->subspan(*from, *count);
  if (std::ranges::any_of(selected, [=](std::uint32_t index) { return index >= slots; })) {
    return throw_invalid_argument(env, "order must name records that columns and answers have");
  }
  const auto appended =
      log->append({*bytes, *columns, selected, {*arrival}}, {*offsets, *arrivals});
  if (!appended) return refuse_append(env, appended.error());
  return to_js_integer(env, static_cast<std::int32_t>(*appended));
}

// appendOne(bytes, keyAt, keyBytes, dataAt, dataBytes, hashKeyAt, flags, timeMs): a batch of one
// without its arrays, which cost more than the record. Answers the offset, or a refusal.
napi_value ShardLogObject::append_one(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  ShardLog* log = open_log(env, call.self);
  if (log == nullptr) return nullptr;
  const auto bytes = elements<std::byte>(env, call[0]);
  std::array<std::uint32_t, column::kStride> columns{};
  bool numbers = true;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto word = whole_number(env, call[1 + i], std::numeric_limits<std::uint32_t>::max());
    numbers = numbers && word.has_value();
    columns[i] = static_cast<std::uint32_t>(word.value_or(0));
  }
  const auto arrival = clamped_number(env, call[7]);
  if (!bytes || !numbers || !arrival) {
    return throw_invalid_argument(env, "appendOne takes bytes, six columns and the time");
  }
  constexpr std::array<std::uint32_t, 1> kOrder{0};
  double offset = 0;
  double stored_ms = 0;
  const auto appended =
      log->append({*bytes, columns, kOrder, {*arrival}}, {{&offset, 1}, {&stored_ms, 1}});
  if (!appended) return refuse_append(env, appended.error());
  return to_js(env, offset);
}

napi_value ShardLogObject::read(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  ShardLog* log = open_log(env, call.self);
  if (log == nullptr) return nullptr;
  return read_page(call, *log);
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

Napi::Value ShardLogObject::stats(const Napi::CallbackInfo& info) {
  ShardLog* log = open_log();
  return log == nullptr ? Napi::Value() : fill_stats(info, *log);
}

Napi::Value ShardLogObject::flush(const Napi::CallbackInfo& info) {
  if (open_log() == nullptr) return {};
  return PromisedWork::start(info.Env(), [log = owned_] { return log->flush(); });
}

Napi::Value ShardLogObject::close(const Napi::CallbackInfo& info) {
  if (open_log() == nullptr) return {};
  return PromisedWork::start(info.Env(), [log = std::move(owned_)] { return log->close(); });
}

}  // namespace millrace
