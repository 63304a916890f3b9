#pragma once

#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/log_options.h"
#include "core/result.h"

namespace millrace {

// A batch and the arrays of its answers as JavaScript passes them, in its own memory.
struct PassedBatch {
  PackedBatch batch;
  AppendedSlots out;
};

inline constexpr const char* kBatchRule =
    "append takes a batch and the arrays of its answers; from and count must lie inside order, "
    "which must name records that columns and answers have";

// bytes, columns, order, from, count, timeMs, offsets, timesMs. nullopt breaks kBatchRule. What is
// inside the columns is checked by the log.
[[nodiscard]] std::optional<PassedBatch> passed_batch(
    napi_env env, const std::array<napi_value, 8>& arguments) noexcept;

// The number that an append answers instead of a count; nullopt for an exception.
[[nodiscard]] std::optional<std::int32_t> append_refusal(const Error& error) noexcept;

// That number, or a pending exception.
napi_value refuse_append(napi_env env, const Error& error) noexcept;

}  // namespace millrace
