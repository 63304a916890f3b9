#include "binding/direct_appender.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/passed_batch.h"
#include "binding/passed_ranges.h"
#include "binding/shard_log_object.h"
#include "core/bytes.h"
#include "core/frame.h"
#include "core/hash_range.h"
#include "core/md5.h"
#include "core/shard_log.h"

namespace millrace {
namespace {

// So many bytes have no more characters than a key may have. Longer ones go the long way.
constexpr std::size_t kShortKeyBytes = 256;
// What Node-API writes in place of half a surrogate pair; also U+FFFD itself.
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
// More of a payload is not asked for ahead: it would push out what came first.
constexpr std::size_t kFetchedBytesMax = 4 * kKiB;
// Of larger records nobody notices the long way.
constexpr std::size_t kDirectBytesMax = 64 * kKiB;
constexpr std::size_t kAnswers = 2;

// What the functions of one appender share. The environment's thread only.
struct DirectRoutes {
  struct Served {
    ShardLogObject* log = nullptr;
    Napi::ObjectReference held;  // keeps the object of `log` alive
  };
  HashRanges ranges;
  std::vector<Served> logs;         // by range
  std::vector<std::byte> snapshot;  // of the data of one record
  std::span<double> answer;
  Napi::ObjectReference answer_held;
};

// A key that needs no closer look; nullopt for every other value.
class ShortKey {
 public:
  static std::optional<ShortKey> from(napi_env env, napi_value value) noexcept {
    ShortKey key;
    const napi_status read =
        napi_get_value_string_utf8(env, value, key.text_.data(), key.text_.size(), &key.length_);
    if (read != napi_ok || key.length_ == 0 || key.length_ > kShortKeyBytes) return std::nullopt;
    const std::string_view text(key.text_.data(), key.length_);
    if (text.find(kReplacement) != std::string_view::npos) return std::nullopt;
    return key;
  }
  [[nodiscard]] Bytes bytes() const noexcept {
    return std::as_bytes(std::span(text_.data(), length_));
  }

 private:
  ShortKey() = default;  // does not clear the text: that costs as much as a key
  // Node-API stops before a character that has no room: never within the short ones.
  std::array<char, kShortKeyBytes + 8> text_;
  std::size_t length_ = 0;
};

// What somebody passes as a record's data: nullopt for what is no Uint8Array, empty (it may be
// detached), or too long to be worth a short way.
std::optional<Bytes> passed_data(napi_env env, napi_value value) noexcept {
  const auto data = elements<std::byte>(env, value);
  if (!data || data->empty() || data->size() > kDirectBytesMax) return std::nullopt;
  return *data;
}

// A copy, as of one moment. Other threads may write to what was passed: shared memory, or a buffer
// that the system still reads a file into. A checksum of one state beside the bytes of another
// would be a damaged log.
Bytes snapshot(DirectRoutes& routes, Bytes data) noexcept {
  if (routes.snapshot.size() < data.size()) {
    routes.snapshot = std::vector<std::byte>(std::bit_ceil(data.size()));
  }
  std::memcpy(routes.snapshot.data(), data.data(), data.size());
  return Bytes(routes.snapshot).first(data.size());
}

// Room for two doubles in shared memory; nullopt for everything else.
std::optional<std::span<double>> shared_answer(napi_env env, napi_value value) noexcept {
  napi_typedarray_type type = napi_int8_array;
  std::size_t length = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  bool unshared = true;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, nullptr) != napi_ok) {
    return std::nullopt;
  }
  if (type != napi_float64_array || length != kAnswers) return std::nullopt;
  if (napi_is_arraybuffer(env, buffer, &unshared) != napi_ok || unshared) return std::nullopt;
  return std::span<double>(static_cast<double*>(data), length);
}

// The arguments of a call of one of the functions, and what they carry with them.
template <std::size_t Count>
struct DirectCall {
  std::array<napi_value, Count> arguments{};
  DirectRoutes* routes = nullptr;

  DirectCall(napi_env env, napi_callback_info info) noexcept {
    std::size_t count = Count;
    void* carried = nullptr;
    napi_get_cb_info(env, info, &count, arguments.data(), nullptr, &carried);
    routes = static_cast<DirectRoutes*>(carried);
  }
};

// append(key, data, timeMs, recordBytesMax). Hot, so raw.
napi_value append(napi_env env, napi_callback_info info) {
  const DirectCall<4> call(env, info);
  const auto& arguments = call.arguments;
  DirectRoutes& routes = *call.routes;
  const auto arrival = clamped_number(env, arguments[2]);
  const auto bytes_max = whole_number(env, arguments[3], kRecordBytesMax);
  if (!arrival || !bytes_max) return throw_invalid_argument(env, "append takes a time and a limit");
  const std::optional<Bytes> data = passed_data(env, arguments[1]);
  if (!data || data->size() > *bytes_max) return to_js_integer(env, kRefusalElsewhere);
  // Arrives while the key is hashed.
  fetch_for_reading(data->first(std::min(data->size(), kFetchedBytesMax)));
  const std::optional<ShortKey> key = ShortKey::from(env, arguments[0]);
  if (!key || key->bytes().size() > *bytes_max - data->size()) {
    return to_js_integer(env, kRefusalElsewhere);
  }
  const std::size_t range =
      routes.logs.size() == 1 ? 0 : routes.ranges.find(HashKey::from_digest(md5(key->bytes())));
  ShardLogObject* const served = routes.logs[range].log;
  ShardLog* const log = served == nullptr ? nullptr : served->opened();
  if (log == nullptr) return to_js_integer(env, kRefusalElsewhere);
  const auto record = log->append_one({.type = FrameType::kData,
                                       .flags = 0,
                                       .key = key->bytes(),
                                       .hash_key = nullptr,
                                       .payload = snapshot(routes, *data)},
                                      {*arrival});
  if (!record) return refuse_append(env, record.error());
  routes.answer[0] = static_cast<double>(record->sequence.value);
  routes.answer[1] = static_cast<double>(record->arrival.ms);
  return to_js_integer(env, static_cast<std::int32_t>(range));
}

// serve(range, log)
napi_value serve(napi_env env, napi_callback_info info) {
  const DirectCall<2> call(env, info);
  const auto& arguments = call.arguments;
  DirectRoutes& routes = *call.routes;
  const auto range = whole_number(env, arguments[0], routes.logs.size() - 1);
  ShardLogObject* log = ShardLogObject::passed(env, arguments[1]);
  if (!range || log == nullptr) {
    return throw_invalid_argument(env, "serve takes a range and a log");
  }
  routes.logs[*range] = {log, Napi::Persistent(Napi::Object(env, arguments[1]))};
  return nullptr;
}

// A function that keeps `routes` for as long as it can be called.
Napi::Value function_over(Napi::Env env, const char* name, napi_callback callback,
                          const std::shared_ptr<DirectRoutes>& routes) {
  napi_value function = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, routes.get(), &function) !=
      napi_ok) {
    return {};
  }
  Napi::Object object(env, function);
  object.AddFinalizer([](Napi::Env, std::shared_ptr<DirectRoutes>* kept) { delete kept; },
                      std::make_unique<std::shared_ptr<DirectRoutes>>(routes).release());
  return object;
}

}  // namespace

Napi::Value create_direct_appender(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::optional<std::vector<HashKey>> starts = passed_starts(env, info[0]);
  const auto answer = shared_answer(env, info[1]);
  if (!starts) return throw_invalid_argument(env, kStartsRule);
  if (!answer) {
    return throw_invalid_argument(env, "answer is a Float64Array of two in a SharedArrayBuffer");
  }
  std::vector<DirectRoutes::Served> logs(starts->size());
  const auto routes = std::make_shared<DirectRoutes>(
      DirectRoutes{.ranges = HashRanges(std::move(*starts)),
                   .logs = std::move(logs),
                   .snapshot = {},
                   .answer = *answer,
                   .answer_held = Napi::Persistent(info[1].As<Napi::Object>())});
  Napi::Object appender = Napi::Object::New(env);
  appender.Set("append", function_over(env, "append", append, routes));
  appender.Set("serve", function_over(env, "serve", serve, routes));
  return appender;
}

}  // namespace millrace
