#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/env.h"
#include "core/file.h"

namespace millrace::fuzz {

// A file that is mostly zeros: what is not, piece by piece, later pieces over earlier ones.
class FileImage {
 public:
  struct Piece {
    std::uint64_t at;
    std::vector<std::byte> bytes;
  };

  explicit FileImage(std::uint64_t file_bytes) : file_bytes_(file_bytes) {}

  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }
  void set_file_bytes(std::uint64_t bytes) noexcept { file_bytes_ = bytes; }
  [[nodiscard]] const std::vector<Piece>& pieces() const noexcept { return pieces_; }

  void put(std::uint64_t at, Bytes bytes) { pieces_.push_back({at, {bytes.begin(), bytes.end()}}); }

  // Into memory that is zeros, as far as it goes.
  void store_to(MutableBytes into) const noexcept {
    for_each_within(into.size(), [&](std::uint64_t at, Bytes bytes) {
      std::memcpy(into.data() + at, bytes.data(), bytes.size());
    });
  }
  // Makes that memory zeros again.
  void erase_from(MutableBytes from) const noexcept {
    for_each_within(from.size(), [&](std::uint64_t at, Bytes bytes) {
      std::memset(from.data() + at, 0, bytes.size());
    });
  }
  Result<void> write_to(Env& env, const std::string& path) const {
    Result<File> file = File::open(env, path, OpenMode::kCreateEmpty);
    if (!file) return file.error();
    if (Result<void> sized = file->resize(file_bytes_); !sized) return sized;
    Result<void> written;
    for_each_within(file_bytes_, [&](std::uint64_t at, Bytes bytes) {
      if (written) written = file->write_all(bytes, FileOffset{at});
    });
    return written;
  }

 private:
  template <typename Use>
  void for_each_within(std::uint64_t limit, Use use) const {
    for (const Piece& piece : pieces_) {
      if (piece.at >= limit || piece.bytes.empty()) continue;
      use(piece.at, Bytes(piece.bytes).first(std::min(limit - piece.at, piece.bytes.size())));
    }
  }

  std::uint64_t file_bytes_;
  std::vector<Piece> pieces_;
};

}  // namespace millrace::fuzz
