#include "core/sparse_write.h"

#include <algorithm>

#include "core/chunk_reader.h"

namespace millrace {

namespace {

constexpr std::size_t kSparsePieceBytes = 64 * kKiB;

}  // namespace

Result<void> write_sparsely(File& file, Bytes bytes, FileOffset at) {
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), kSparsePieceBytes));
    if (first_non_zero(piece) < piece.size()) {
      if (Result<void> written = file.write_all(piece, at); !written) return written;
    }
    bytes = bytes.subspan(piece.size());
    at.bytes += piece.size();
  }
  return {};
}

}  // namespace millrace
