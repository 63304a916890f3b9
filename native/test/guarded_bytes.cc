#include "test/guarded_bytes.h"

#include <sys/mman.h>
#include <unistd.h>

#include "test/test.h"

namespace millrace::test {

GuardedBytes::GuardedBytes() {
  const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const start =
      ::mmap(nullptr, 3 * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) stop("no pages could be mapped");
  mapping_ = {static_cast<std::byte*>(start), 3 * page_bytes};
  bytes_ = mapping_.subspan(page_bytes, page_bytes);
  if (::mprotect(bytes_.data(), bytes_.size(), PROT_READ | PROT_WRITE) != 0) {
    ::munmap(mapping_.data(), mapping_.size());
    stop("no page could be opened");
  }
}

GuardedBytes::~GuardedBytes() { ::munmap(mapping_.data(), mapping_.size()); }

}  // namespace millrace::test
