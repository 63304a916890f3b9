#pragma once

// How POSIX systems read a file past their page cache: posix_device_linux.cc,
// posix_device_macos.cc. For env_posix.cc only.
namespace millrace::posix {

// open(2) for Env's OpenMode::kReadDevice; `flags` are those of a file that is read.
[[nodiscard]] int open_device(const char* path, int flags) noexcept;

}  // namespace millrace::posix
