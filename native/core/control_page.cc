#include "core/control_page.h"

#include <cstring>

#include "core/crc32c.h"

namespace millrace {

namespace {

constexpr std::array<char, 8> kMagic{'M', 'L', 'R', 'C', 'C', 'T', 'L', '1'};
constexpr std::size_t kIdentityBytes = 64;

std::uint32_t identity_crc(const ControlPage& page) noexcept {
  std::array<std::byte, kIdentityBytes> line;
  std::memcpy(line.data(), static_cast<const void*>(&page), kIdentityBytes);
  store<std::uint32_t>(line.data() + offsetof(ControlPage, crc), 0);
  return crc32c(line);
}

}  // namespace

void format_control_page(ControlPage& page, const LogIdentity& identity) noexcept {
  std::memset(static_cast<void*>(&page), 0, sizeof(ControlPage));
  page.magic = kMagic;
  page.version = kFormatVersion;
  page.uuid = identity.uuid;
  page.shard = identity.shard;
  page.crc = identity_crc(page);
  page.trim_check.store(~page.trim_sequence.load(std::memory_order_relaxed),
                        std::memory_order_relaxed);
}

bool is_line_whole(const ControlPage& page) noexcept { return identity_crc(page) == page.crc; }

ControlFault check_control_page(const ControlPage& page, const LogIdentity& identity) noexcept {
  if (page.magic != kMagic) return ControlFault::kDamaged;
  if (page.version > kFormatVersion && page.version < 0x10000) return ControlFault::kNewerFormat;
  if (page.version != kFormatVersion || !is_line_whole(page)) { return ControlFault::kDamaged; }
  if (page.uuid != identity.uuid || page.shard != identity.shard) return ControlFault::kForeign;
  return ControlFault::kNone;
}

}  // namespace millrace
