#pragma once

#include <cstddef>
#include <memory>

#include "core/bytes.h"

namespace millrace {

// What some pages of memory held at one moment, to be mapped any number of times, each time
// copy-on-write. Never changes; lives as long as this object or a mapping of it. Any thread may
// call.
class SharedPages {
 public:
  // A copy of whole pages. Null where the system has no memory, no descriptor or no way for it:
  // then pages are copied each time.
  static std::shared_ptr<const SharedPages> of(Bytes pages) noexcept;
  SharedPages(const SharedPages&) = delete;
  SharedPages& operator=(const SharedPages&) = delete;
  ~SharedPages();

  // Lays all of them over the pages at `address`, which lie in an allocation of
  // posix::allocate_pages() and go with it. False: there is no memory, and nothing changed.
  [[nodiscard]] bool lay_over(std::byte* address) const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  SharedPages(int descriptor, std::size_t bytes) noexcept
      : descriptor_(descriptor), bytes_(bytes) {}

  const int descriptor_;  // of a file without a name
  const std::size_t bytes_;
};

}  // namespace millrace
