#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/directory_lock.h"
#include "core/env.h"
#include "core/result.h"

namespace millrace {

// The root folder of a store, held by its one writer: creates what is missing in an empty or new
// folder, refuses any other folder that is not a store, and keeps the lock.
class StoreFolder {
 public:
  // kNotAStore, kNewerFormat, kBusy, kPermission, kNotFound (the parent is missing), kCorrupt.
  static Result<StoreFolder> open(Env& env, const std::string& root, bool sync);

  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  [[nodiscard]] std::string shards() const;  // where the logs' folders are
  [[nodiscard]] std::string meta() const;    // the metadata log's folder
  // Drawn when the store was made.
  [[nodiscard]] const std::array<std::byte, 16>& uuid() const noexcept { return uuid_; }

 private:
  StoreFolder(std::string root, DirectoryLock lock, const std::array<std::byte, 16>& uuid)
      : root_(std::move(root)), lock_(std::move(lock)), uuid_(uuid) {}

  std::string root_;
  DirectoryLock lock_;
  std::array<std::byte, 16> uuid_;
};

// Reads the file `format` of a store without taking its lock; its uuid. kNotAStore, kNewerFormat.
Result<std::array<std::byte, 16>> read_store_format(Env& env, const std::string& root);

// What the file `format` of a store holds, byte for byte.
[[nodiscard]] std::string format_text(const std::array<std::byte, 16>& uuid);

[[nodiscard]] std::string to_hex(const std::array<std::byte, 16>& bytes);
// nullopt unless `text` is 32 hexadecimal digits.
[[nodiscard]] std::optional<std::array<std::byte, 16>> from_hex(std::string_view text) noexcept;

}  // namespace millrace
