#pragma once

#include <array>
#include <cstddef>

#include "core/bytes.h"

namespace millrace {

using Md5Digest = std::array<std::byte, 16>;

// MD5 (RFC 1321), which routes records to shards; it protects nothing. For many short keys at once
// see md5_lanes.h.
[[nodiscard]] Md5Digest md5(Bytes bytes) noexcept;

}  // namespace millrace
