#include "core/md5.h"

#include <cstdint>
#include <cstring>

#include "core/md5_rounds.h"

namespace millrace {
namespace {

using State = std::array<std::uint32_t, 4>;

void mix_block(State& state, const std::byte* bytes) noexcept {
  std::array<std::uint32_t, kMd5BlockWords> block;
  std::memcpy(block.data(), bytes, kMd5BlockBytes);
  md5_compress(state, block.data());
}

}  // namespace

Md5Digest md5(Bytes bytes) noexcept {
  State state = kMd5Start;
  Bytes rest = bytes;
  for (; rest.size() >= kMd5BlockBytes; rest = rest.subspan(kMd5BlockBytes)) {
    mix_block(state, rest.data());
  }
  std::array<std::byte, 2 * kMd5BlockBytes> last{};
  if (!rest.empty()) std::memcpy(last.data(), rest.data(), rest.size());
  last[rest.size()] = std::byte{0x80};
  const std::size_t last_bytes = rest.size() <= kMd5OneBlockMax ? kMd5BlockBytes : last.size();
  store(last.data() + last_bytes - 8, std::uint64_t{bytes.size()} * 8);
  mix_block(state, last.data());
  if (last_bytes > kMd5BlockBytes) mix_block(state, last.data() + kMd5BlockBytes);
  Md5Digest digest;
  std::memcpy(digest.data(), state.data(), digest.size());
  return digest;
}

}  // namespace millrace
