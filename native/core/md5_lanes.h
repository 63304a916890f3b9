#pragma once

#include <cstddef>
#include <cstdint>

#include "core/md5.h"

namespace millrace {

// MD5 of many keys at once. Keys of up to 55 bytes share vector instructions, 16, 8 or 4 at a time
// as the machine can; longer ones are hashed one by one. Nothing outside of a key is read. Any
// thread.

struct Md5Key {
  const std::byte* bytes;
  std::uint32_t length;
};

// out[i] is the digest of keys[i].
void md5_batch(const Md5Key* keys, std::size_t count, Md5Digest* out) noexcept;

}  // namespace millrace
