#include "binding/passed_batch.h"

#include <limits>

#include "binding/arguments.h"
#include "binding/convert.h"
#include "binding/log_reading.h"
#include "core/packed_record.h"

namespace millrace {
namespace {

constexpr std::uint64_t kCountMax = std::numeric_limits<std::int32_t>::max();  // answers are int32

}  // namespace

std::optional<PassedBatch> passed_batch(napi_env env,
                                        const std::array<napi_value, 8>& arguments) noexcept {
  const auto bytes = elements<std::byte>(env, arguments[0]);
  const auto columns = elements<std::uint32_t>(env, arguments[1]);
  const auto order = elements<std::uint32_t>(env, arguments[2]);
  const auto from = whole_number(env, arguments[3], kCountMax);
  const auto count = whole_number(env, arguments[4], kCountMax);
  const auto arrival = clamped_number(env, arguments[5]);
  const auto offsets = elements<double>(env, arguments[6]);
  const auto arrivals = elements<double>(env, arguments[7]);
  if (!bytes || !columns || !order || !from || !count || !arrival || !offsets || !arrivals) {
    return std::nullopt;
  }
  const std::size_t slots = slots_of(columns->size(), offsets->size(), arrivals->size());
  const auto part = part_of_order(*order, *from, *count, slots);
  if (!part) return std::nullopt;
  return PassedBatch{{*bytes, *columns, *part, {*arrival}}, {*offsets, *arrivals}};
}

std::optional<std::int32_t> append_refusal(const Error& error) noexcept {
  switch (error.code) {
    case Errc::kSealed:
      return kRefusalSealed;
    case Errc::kNoSpace:
      return kRefusalFull;
    case Errc::kBacklog:
      return kRefusalBusy;
    default:
      return std::nullopt;
  }
}

napi_value refuse_append(napi_env env, const Error& error) noexcept {
  if (const auto refusal = append_refusal(error)) return to_js_integer(env, *refusal);
  return throw_error(env, error);
}

}  // namespace millrace
