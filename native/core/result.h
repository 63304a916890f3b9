#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace millrace {

// What went wrong, from one closed list. The binding spells each value as a public error code,
// so a new value here needs a line in docs/errors.md too.
enum class Errc : std::uint8_t {
  kIo,           // a system call failed; Error::sys_errno says how
  kNoSpace,      // ENOSPC or EDQUOT: nothing was written, writing may resume when space returns
  kPermission,   // EACCES, EPERM or EROFS
  kNotFound,     // the named file or folder does not exist
  kBusy,         // another process holds the writer's lock
  kNotAStore,    // the folder holds something else
  kNewerFormat,  // written by a later version
  kCorrupt,      // bytes on disk contradict the format
  kPoisoned,     // an earlier write or sync failed: this log accepts nothing until it is reopened
  kSealed,       // the log has ended; nothing may follow
  kClosed,       // used after close
  kTrimmed,      // the asked offset lies before the first record
  kBacklog,      // too many bytes wait for the disk; flush or try again
  kTooLarge,     // the record or the buffer exceeds what the format can hold
  kUnsupported,  // this file system or kernel cannot do it
  kRemoved,      // the log's folder is gone: its stream was deleted under a reader
};

// A failure as a value. Strings are only built on the way out of a failure, never on a hot path.
struct Error {
  Errc code;
  int sys_errno = 0;         // errno of the failed call, 0 when no system call failed
  std::string message;       // for people: which file, at which position, what was expected
  std::uint64_t detail = 0;  // code specific: bytes needed (kTooLarge), first offset (kTrimmed)
};

// Either a value or an Error. A core function that can fail returns one; none of them throws.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  [[nodiscard]] T& value() noexcept {
    assert(ok());
    return std::get<0>(state_);
  }
  [[nodiscard]] const T& value() const noexcept {
    assert(ok());
    return std::get<0>(state_);
  }
  T& operator*() noexcept { return value(); }
  const T& operator*() const noexcept { return value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }

  [[nodiscard]] Error& error() noexcept {
    assert(!ok());
    return std::get<1>(state_);
  }
  [[nodiscard]] const Error& error() const noexcept {
    assert(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or an Error: `return {};` succeeds.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] Error& error() noexcept {
    assert(!ok());
    return *error_;
  }
  [[nodiscard]] const Error& error() const noexcept {
    assert(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace millrace
