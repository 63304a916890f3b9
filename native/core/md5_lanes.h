#pragma once

#include <cstddef>
#include <cstdint>

#include "core/md5.h"

namespace millrace {

// MD5 of many keys at once. Keys of up to 55 bytes share vector instructions, 16, 8 or 4 at a time
// as the machine can; longer ones are hashed one by one. Nothing outside of a key is read. Any
// thread.

// out[i] is the digest of the length[i] bytes at base + at[i].
void md5_batch(const std::byte* base, const std::uint32_t* at, const std::uint16_t* length,
               std::size_t count, Md5Digest* out) noexcept;

struct Md5Key {
  const std::byte* bytes;
  std::uint32_t length;
};

// The same for keys from anywhere.
void md5_batch(const Md5Key* keys, std::size_t count, Md5Digest* out) noexcept;

}  // namespace millrace
