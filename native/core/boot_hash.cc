#include "core/boot_hash.h"

#include <string>

namespace millrace {

Result<std::uint64_t> current_boot_hash(Env& env) {
  Result<std::string> id = env.boot_id();
  if (!id) return id.error();
  // FNV-1a: any two boots of a machine differ, which is all that is asked.
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char c : *id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
  return hash;
}

}  // namespace millrace
