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
#include "binding/environment.h"
#include "binding/lease_object.h"
#include "binding/page_header.h"
#include "binding/passed_batch.h"
#include "binding/promised_work.h"

namespace millrace {
namespace {

double as_double(Sequence sequence) noexcept { return static_cast<double>(sequence.value); }

napi_value refuse_read(napi_env env, ShardLog& log, const Error& error, PageHeader header) {
  if (error.code == Errc::kTooLarge) {
    header.set_bytes_needed(error.detail);
    return to_js_integer(env, kRefusalGrow);
  }
  if (error.code != Errc::kTrimmed) return throw_error(env, error);
  const Result<LogStats> stats = log.stats();
  if (!stats) return throw_error(env, stats.error());
  header.set_trimmed(*stats);
  return to_js_integer(env, kRefusalTrimmed);
}

// What `read` and `readLeased` have in common: where to begin, how much, and where to.
struct PassedPage {
  Sequence from;
  PageLimits limits;
  PageBuffers into;
  PageHeader header;
};

// `bytes` is looked at by `read` alone.
std::optional<PassedPage> passed_page(napi_env env, const Call<8>& call,
                                      std::optional<std::span<std::byte>> bytes) {
  const auto from = clamped_number(env, call[0]);
  const auto bytes_max = clamped_number(env, call[1]);
  const auto records_max = clamped_number(env, call[2]);
  const auto columns = elements<std::uint32_t>(env, call[4]);
  const auto offsets = elements<double>(env, call[5]);
  const auto arrivals = elements<double>(env, call[6]);
  const auto header = PageHeader::over(elements<double>(env, call[7]));
  if (!from || !bytes_max || !records_max || !bytes || !columns || !offsets || !arrivals ||
      !header) {
    return std::nullopt;
  }
  return PassedPage{
      .from = {static_cast<std::uint64_t>(std::max<std::int64_t>(*from, 0))},
      .limits = {.payload_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(*bytes_max, 0)),
                 .records =
                     std::min(static_cast<std::size_t>(std::max<std::int64_t>(*records_max, 0)),
                              slots_of(columns->size(), offsets->size(), arrivals->size()))},
      .into = {*bytes, *columns, *offsets, *arrivals},
      .header = *header,
  };
}

constexpr const char* kPageRule = "a page takes a position, two limits and its arrays";

}  // namespace

Napi::Function ShardLogObject::define(Napi::Env env) {
  return DefineClass(env, "NativeShardLog",
                     {
                         raw_method("append", append),
                         raw_method("appendOne", append_one),
                         raw_method("read", read),
                         raw_method("readLeased", read_leased),
                         method<&ShardLogObject::lease>("lease"),
                         method<&ShardLogObject::seek>("seek"),
                         method<&ShardLogObject::trim>("trim"),
                         method<&ShardLogObject::seal>("seal"),
                         method<&ShardLogObject::seal_later>("sealLater"),
                         method<&ShardLogObject::stats>("stats"),
                         method<&ShardLogObject::flush>("flush"),
                         method<&ShardLogObject::close>("close"),
                     });
}

std::shared_ptr<OpenLog> ShardLogObject::log_of(Napi::Env env, napi_value value) {
  const napi_value constructor = env.GetInstanceData<Environment>()->shard_log.Value();
  bool is_log = false;
  if (napi_instanceof(env, value, constructor, &is_log) != napi_ok || !is_log) return nullptr;
  const ShardLogObject* object = receiver(env, value);
  return object == nullptr ? nullptr : object->owned_;
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
  const std::optional<PassedBatch> passed = passed_batch(env, call.arguments);
  if (!passed) return throw_invalid_argument(env, kBatchRule);
  const auto appended = log->append(passed->batch, passed->out);
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

// read(from, maxBytes, maxRecords, bytes, columns, offsets, timesMs, header)
napi_value ShardLogObject::read(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  ShardLog* log = open_log(env, call.self);
  if (log == nullptr) return nullptr;
  const auto passed = passed_page(env, call, elements<std::byte>(env, call[3]));
  if (!passed) return throw_invalid_argument(env, kPageRule);
  const auto page = log->read(passed->from, passed->limits, passed->into);
  if (!page) return refuse_read(env, *log, page.error(), passed->header);
  passed->header.set_page(*page);
  return to_js_integer(env, static_cast<std::int32_t>(page->count));
}

// readLeased(from, maxBytes, maxRecords, lease, columns, offsets, timesMs, header)
napi_value ShardLogObject::read_leased(napi_env env, napi_callback_info info) {
  const Call<8> call(env, info);
  ShardLog* log = open_log(env, call.self);
  if (log == nullptr) return nullptr;
  LeasedSegment* const lease = LeaseObject::lease_of(env, call[3]);
  const auto passed = passed_page(env, call, std::span<std::byte>{});
  if (lease == nullptr || !passed) return throw_invalid_argument(env, kPageRule);
  const auto page = log->read_leased(passed->from, passed->limits, passed->into, *lease);
  if (!page) return refuse_read(env, *log, page.error(), passed->header);
  passed->header.set_page(*page);
  return to_js_integer(env, static_cast<std::int32_t>(page->count));
}

Napi::Value ShardLogObject::lease(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ShardLog* log = open_log();
  if (log == nullptr) return {};
  const auto from = clamped_number(env, info[0]);
  if (!from) return throw_invalid_argument(env, "lease takes an offset");
  if (!env.GetInstanceData<Environment>()->lends) return env.Null();
  auto lease = log->lease({static_cast<std::uint64_t>(std::max<std::int64_t>(*from, 0))});
  if (!lease) return throw_error(env, lease.error());
  return *lease ? LeaseObject::lend(env, std::move(**lease)) : env.Null();
}

Napi::Value ShardLogObject::seek(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ShardLog* log = open_log();
  if (log == nullptr) return {};
  const auto arrival = clamped_number(env, info[0]);
  if (!arrival) return throw_invalid_argument(env, "seek takes a time");
  const auto found = log->seek({*arrival});
  if (!found) return throw_error(env, found.error());
  return Napi::Number::New(env, as_double(*found));
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

// stats(out): out is nine doubles, in the order of `LogStats` in src/log/log.ts.
Napi::Value ShardLogObject::stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ShardLog* log = open_log();
  if (log == nullptr) return {};
  constexpr std::size_t kFields = 9;
  const auto out = elements<double>(env, info[0]);
  if (!out || out->size() < kFields) {
    return throw_invalid_argument(env, "stats takes a Float64Array of nine");
  }
  const Result<LogStats> stats = log->stats();
  if (!stats) return throw_error(env, stats.error());
  const std::array<double, kFields> fields{
      as_double(stats->first),
      as_double(stats->next),
      as_double(stats->durable),
      static_cast<double>(stats->bytes),
      static_cast<double>(stats->file_bytes),
      static_cast<double>(stats->segments),
      static_cast<double>(stats->first_arrival.ms),
      static_cast<double>(stats->last_arrival.ms),
      stats->sealed ? 1.0 : 0.0,
  };
  std::ranges::copy(fields, out->begin());
  return env.Undefined();
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
