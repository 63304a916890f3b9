#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/env.h"
#include "core/result.h"

// The calls that POSIX systems spell differently: posix_system_linux.cc, posix_system_macos.cc.
// For env_posix.cc, env_memory.cc and memory_file.cc only.
namespace millrace::posix {

// errno of a call that failed, 0 of one that succeeded.
using SysErrno = int;

// The path of an open file, for messages; never fails.
[[nodiscard]] std::string path_of(int descriptor);

[[nodiscard]] SysErrno reserve(int descriptor, std::uint64_t at, std::uint64_t bytes) noexcept;
[[nodiscard]] SysErrno punch(int descriptor, std::uint64_t at, std::uint64_t bytes) noexcept;
// Returns once the device says that data and length survive a loss of power.
[[nodiscard]] SysErrno sync_data(int descriptor) noexcept;
// The same, of the part of the file that is mapped at `pages`.
[[nodiscard]] SysErrno sync_pages(int descriptor, Bytes pages) noexcept;
[[nodiscard]] SysErrno sync_directory(int descriptor) noexcept;

// Whether somebody has the file's exclusive flock(2), as far as the system tells.
[[nodiscard]] Result<bool> is_locked(int descriptor);

// Why pages of a mapping cannot be stored to, or success once they can.
[[nodiscard]] Result<void> populate(MutableBytes pages);

// What madvise(2) calls large pages; where there are none, advice that changes nothing.
[[nodiscard]] int large_pages_advice() noexcept;

// Zeroed memory that costs nothing until it is touched; null when there is no address space left.
// Sizes are whole pages.
[[nodiscard]] std::byte* allocate_pages(std::size_t bytes) noexcept;
// The new pages are zero. Null when that cannot be, the old ones then stay as they are.
[[nodiscard]] std::byte* grow_pages(std::byte* pages, std::size_t bytes, std::size_t new_bytes,
                                    bool may_move) noexcept;
// Gives memory back and keeps the addresses, which read as zeros.
void zero_pages(std::byte* pages, std::size_t bytes) noexcept;
void release_pages(std::byte* pages, std::size_t bytes) noexcept;

// Env::wait_on, Env::wait_any and Env::wake_all.
[[nodiscard]] Result<bool> wait_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                                   std::uint64_t timeout_ms);
[[nodiscard]] Result<bool> wait_any(std::span<const WaitWord> words, std::uint64_t timeout_ns);
void wake_all(std::atomic<std::uint32_t>& word) noexcept;

[[nodiscard]] Result<std::string> boot_id();
// The 16 bytes that a UUID of 32 hexadecimal digits spells.
[[nodiscard]] Result<std::string> id_of_uuid(std::string_view text);
[[nodiscard]] Result<void> random_bytes(MutableBytes into);
[[nodiscard]] std::uint64_t monotonic_ns() noexcept;

// Whether the directory lies on a local file system that overwrites in place: elsewhere mappings
// are incoherent, or a populated page may still need a block when it is stored to.
[[nodiscard]] Result<bool> overwrites_in_place(const std::string& directory);

}  // namespace millrace::posix
