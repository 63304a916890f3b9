#include "binding/buckets_object.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/environment.h"

namespace millrace {
namespace {

constexpr std::size_t kNameBytesMax = 4096;
constexpr std::size_t kBucketsMax = 16;
constexpr auto kTokensLimit = static_cast<std::uint64_t>(kTokensMax);
constexpr std::uint64_t kPauseMsLimit = 86'400'000;

// Pairs of tokens in a second and tokens at most; nullopt unless each is from 1 to kTokensMax.
std::optional<std::vector<BucketRate>> bucket_rates(std::span<const double> pairs) {
  if (pairs.empty() || pairs.size() % 2 != 0 || pairs.size() / 2 > kBucketsMax) {
    return std::nullopt;
  }
  const std::vector<double> copy(pairs.begin(), pairs.end());  // another thread may store to them
  std::vector<BucketRate> rates;
  for (std::size_t i = 0; i < copy.size(); i += 2) {
    for (const double value : {copy[i], copy[i + 1]}) {
      if (!(value >= 1 && value <= static_cast<double>(kTokensMax))) return std::nullopt;
    }
    rates.push_back({.per_second = static_cast<std::int64_t>(copy[i]),
                     .capacity = static_cast<std::int64_t>(copy[i + 1])});
  }
  return rates;
}

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  (void)napi_create_double(env, value, &result);
  return result;
}

}  // namespace

Napi::Function BucketsObject::define(Napi::Env env) {
  return DefineClass(env, "NativeBuckets",
                     {
                         raw_method("take", take),
                         raw_method("spend", spend),
                         raw_method("waitMs", wait_ms),
                         raw_method("full", full),
                     });
}

Napi::Value BucketsObject::open(const Napi::CallbackInfo& info, BucketTable& table) {
  const Napi::Env env = info.Env();
  const std::optional<std::string> name = text(env, info[0], kNameBytesMax);
  const auto pairs = elements<double>(env, info[1]);
  const auto rates = pairs ? bucket_rates(*pairs) : std::nullopt;
  const auto now_ms = clamped_number(env, info[2]);
  if (!name || !rates || !now_ms) {
    return throw_invalid_argument(env, "openBuckets takes a name, rates and the time");
  }
  std::optional<BucketShare> share = table.open(*name, *rates, *now_ms);
  if (!share) return throw_invalid_argument(env, "buckets of a name are always as many");
  return make(env.GetInstanceData<Environment>()->buckets, std::move(share));
}

BucketShare* BucketsObject::share_of(napi_env env, napi_value self) {
  BucketsObject* object = receiver(env, self);
  if (object == nullptr) return nullptr;
  if (!object->owned_) {
    throw_closed(env, "the buckets");
    return nullptr;
  }
  return &*object->owned_;
}

// take(first, width, amounts, lacks, rows, nowMs). Hot, so raw.
napi_value BucketsObject::take(napi_env env, napi_callback_info info) {
  const Call<6> call(env, info);
  BucketShare* share = share_of(env, call.self);
  if (share == nullptr) return nullptr;
  const auto first = whole_number(env, call[0], share->size());
  const auto width = whole_number(env, call[1], first ? share->size() - *first : 0);
  const auto amounts = elements<double>(env, call[2]);
  const auto lacks = elements<std::byte>(env, call[3]);
  const auto rows = whole_number(env, call[4], lacks ? lacks->size() : 0);
  const auto now_ms = clamped_number(env, call[5]);
  if (!first || !width || *width == 0 || !amounts || !lacks || !rows || !now_ms ||
      amounts->size() / *width < 1 || amounts->size() / *width - 1 < *rows) {
    return throw_invalid_argument(env, "take takes buckets that there are, amounts, and the time");
  }
  const std::size_t refused =
      share->take(*first, amounts->first(*width), amounts->subspan(*width, *rows * *width),
                  lacks->first(*rows), *now_ms);
  return number(env, static_cast<double>(refused));
}

// spend(bucket, tokens, pauseMs, nowMs).
napi_value BucketsObject::spend(napi_env env, napi_callback_info info) {
  const Call<4> call(env, info);
  BucketShare* share = share_of(env, call.self);
  if (share == nullptr) return nullptr;
  const auto bucket = whole_number(env, call[0], share->size() - 1);
  const auto tokens = whole_number(env, call[1], kTokensLimit);
  const auto pause_ms = whole_number(env, call[2], kPauseMsLimit);
  const auto now_ms = clamped_number(env, call[3]);
  if (!bucket || !tokens || !pause_ms || !now_ms) {
    return throw_invalid_argument(env, "spend takes a bucket, tokens, a pause and the time");
  }
  share->spend(*bucket, static_cast<std::int64_t>(*tokens), static_cast<std::int64_t>(*pause_ms),
               *now_ms);
  return nullptr;
}

// waitMs(bucket, tokens, nowMs).
napi_value BucketsObject::wait_ms(napi_env env, napi_callback_info info) {
  const Call<3> call(env, info);
  BucketShare* share = share_of(env, call.self);
  if (share == nullptr) return nullptr;
  const auto bucket = whole_number(env, call[0], share->size() - 1);
  const auto tokens = whole_number(env, call[1], kTokensLimit);
  const auto now_ms = clamped_number(env, call[2]);
  if (!bucket || !tokens || !now_ms) {
    return throw_invalid_argument(env, "waitMs takes a bucket, tokens and the time");
  }
  const auto wait = share->wait_ms(*bucket, static_cast<std::int64_t>(*tokens), *now_ms);
  return number(env, wait ? static_cast<double>(*wait) : std::numeric_limits<double>::infinity());
}

// full(nowMs).
napi_value BucketsObject::full(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  BucketShare* share = share_of(env, call.self);
  if (share == nullptr) return nullptr;
  const auto now_ms = clamped_number(env, call[0]);
  if (!now_ms) return throw_invalid_argument(env, "full takes the time");
  napi_value result = nullptr;
  (void)napi_get_boolean(env, share->is_full(*now_ms), &result);
  return result;
}

}  // namespace millrace
