#pragma once

#include <napi.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/page_header.h"
#include "core/shard_log.h"

namespace millrace {

// The calls that read a log, for whatever has `read`, `seek` and `stats` of core/shard_log.h.

// The first records that every column has room for.
[[nodiscard]] inline std::size_t slots_of(std::size_t column_words, std::size_t offsets,
                                          std::size_t arrivals) noexcept {
  return std::min({column_words / column::kStride, offsets, arrivals});
}

// Where a refusal has a number, the number; otherwise an exception.
template <typename Log>
napi_value refuse_read(napi_env env, Log& log, const Error& error, PageHeader header) {
  if (error.code == Errc::kTooLarge) {
    header.set_bytes_needed(error.detail);
    return to_js_integer(env, kRefusalGrow);
  }
  if (error.code == Errc::kNotResident) return to_js_integer(env, kRefusalCold);
  if (error.code != Errc::kTrimmed) return throw_error(env, error);
  const Result<LogStats> stats = log.stats();
  if (!stats) return throw_error(env, stats.error());
  header.set_trimmed(*stats);
  return to_js_integer(env, kRefusalTrimmed);
}

// What the calls that fill a page have in common: where to begin, how much, and where to.
struct PassedPage {
  Sequence from;
  PageLimits limits;
  PageBuffers into;
  PageHeader header;
};

// nullopt: refused. `bytes` are what the page's records are copied to, if they are.
[[nodiscard]] inline std::optional<PassedPage> passed_page(
    const Call<8>& call, std::optional<std::span<std::byte>> bytes) {
  napi_env env = call.env;
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

// The count, with the rest in the header; or a refusal.
template <typename Log>
napi_value answer_page(napi_env env, Log& log, const Result<Page>& page, PageHeader header) {
  if (!page) return refuse_read(env, log, page.error(), header);
  header.set_page(*page);
  return to_js_integer(env, static_cast<std::int32_t>(page->count));
}

// read(from, maxBytes, maxRecords, bytes, columns, offsets, timesMs, header), and readResident of
// the same, which never waits for the disk
template <typename Log>
napi_value read_page(const Call<8>& call, Log& log, bool resident_only) {
  auto passed = passed_page(call, elements<std::byte>(call.env, call[3]));
  if (!passed) {
    return throw_invalid_argument(call.env,
                                  "read takes a position, two limits and the arrays of a page");
  }
  passed->limits.resident_only = resident_only;
  return answer_page(call.env, log, log.read(passed->from, passed->limits, passed->into),
                     passed->header);
}

// What readRecord writes in front of a record: `RecordField` in src/log/record-slab.ts.
inline constexpr std::size_t kRecordArrival = 0;
inline constexpr std::size_t kRecordColumns = 8;
inline constexpr std::size_t kRecordHead = 32;

// readRecord(offset, memory, at, mayWait): one record by its offset, at a position of an
// ArrayBuffer that is a multiple of 8, because arrays cost more to pass than a record to read.
// Answers the position behind it, 0 where there is none, kRefusalCold; or kRefusalGrow, and then in
// place of the arrival how many bytes the record takes behind its head.
template <typename Log>
napi_value read_one(const Call<4>& call, Log& log) {
  napi_env env = call.env;
  const auto offset = clamped_number(env, call[0]);
  const auto at = whole_number(env, call[2], std::numeric_limits<std::int32_t>::max());
  void* data = nullptr;
  std::size_t size = 0;
  bool may_wait = false;
  if (!offset || !at || napi_get_arraybuffer_info(env, call[1], &data, &size) != napi_ok ||
      napi_get_value_bool(env, call[3], &may_wait) != napi_ok || *at % kFrameAlignment != 0 ||
      *at > size || size - *at < kRecordHead || size > std::numeric_limits<std::int32_t>::max()) {
    return throw_invalid_argument(
        env, "readRecord takes an offset, memory, a place in it and a boolean");
  }
  const MutableBytes memory = MutableBytes(static_cast<std::byte*>(data), size).subspan(*at);
  std::array<std::uint32_t, column::kStride> columns{};
  double found_offset = 0;
  double arrival_ms = 0;
  const Result<bool> found =
      log.read_record({static_cast<std::uint64_t>(std::max<std::int64_t>(*offset, 0))}, !may_wait,
                      {memory.subspan(kRecordHead), columns, {&found_offset, 1}, {&arrival_ms, 1}});
  if (!found && found.error().code == Errc::kTooLarge) {
    store(memory.data() + kRecordArrival, static_cast<double>(found.error().detail));
    return to_js_integer(env, kRefusalGrow);
  }
  if (!found && found.error().code == Errc::kNotResident) return to_js_integer(env, kRefusalCold);
  if (!found) return throw_error(env, found.error());
  if (!*found) return to_js_integer(env, 0);
  const auto begin = static_cast<std::uint32_t>(*at + kRecordHead);
  const std::uint32_t end = columns[column::kDataAt] + columns[column::kDataBytes];
  columns[column::kKeyAt] += begin;
  columns[column::kDataAt] += begin;
  if (columns[column::kHashKeyAt] != kNoHashKey) columns[column::kHashKeyAt] += begin;
  store(memory.data() + kRecordArrival, arrival_ms);
  std::memcpy(memory.data() + kRecordColumns, columns.data(), sizeof(columns));
  return to_js_integer(
      env, static_cast<std::int32_t>(begin + align_up<std::uint32_t>(end, kFrameAlignment)));
}

// seek(timeMs)
template <typename Log>
Napi::Value seek_arrival(const Napi::CallbackInfo& info, Log& log) {
  const Napi::Env env = info.Env();
  const auto arrival = clamped_number(env, info[0]);
  if (!arrival) return throw_invalid_argument(env, "seek takes a time");
  const auto found = log.seek({*arrival});
  if (!found) return throw_error(env, found.error());
  return Napi::Number::New(env, static_cast<double>(found->value));
}

// stats(out): out is nine doubles, in the order of `LogStats` in src/log/log.ts.
template <typename Log>
Napi::Value fill_stats(const Napi::CallbackInfo& info, Log& log) {
  const Napi::Env env = info.Env();
  const auto as_double = [](Sequence sequence) { return static_cast<double>(sequence.value); };
  constexpr std::size_t kFields = 9;
  const auto out = elements<double>(env, info[0]);
  if (!out || out->size() < kFields) {
    return throw_invalid_argument(env, "stats takes a Float64Array of nine");
  }
  const Result<LogStats> stats = log.stats();
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

}  // namespace millrace
