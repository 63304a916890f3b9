#pragma once

#include <napi.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "binding/environment.h"
#include "binding/lease_object.h"
#include "binding/log_reading.h"

namespace millrace {

// The calls that read a log without copying it, for whatever has `lease` and `read_leased` of
// core/shard_log.h.

// readLeased(from, maxBytes, maxRecords, lease, columns, offsets, timesMs, header)
template <typename Log>
napi_value read_leased_page(const Call<8>& call, Log& log) {
  LeasedSegment* const lease = LeaseObject::lease_of(call.env, call[3]);
  const auto passed = passed_page(call, std::span<std::byte>{});
  if (lease == nullptr || !passed) {
    return throw_invalid_argument(
        call.env, "readLeased takes a position, two limits, a lease and the arrays of a page");
  }
  return answer_page(call.env, log,
                     log.read_leased(passed->from, passed->limits, passed->into, *lease),
                     passed->header);
}

// lease(from)
template <typename Log>
Napi::Value lease_segment(const Napi::CallbackInfo& info, Log& log) {
  const Napi::Env env = info.Env();
  const auto from = clamped_number(env, info[0]);
  if (!from) return throw_invalid_argument(env, "lease takes an offset");
  if (!env.GetInstanceData<Environment>()->lends) return env.Null();
  auto lease = log.lease({static_cast<std::uint64_t>(std::max<std::int64_t>(*from, 0))});
  if (!lease) return throw_error(env, lease.error());
  return *lease ? LeaseObject::lend(env, std::move(**lease)) : env.Null();
}

}  // namespace millrace
