#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace millrace {

// kDamage: bytes that were promised are gone or changed, or a file contradicts the format.
// kNotice: what a crash leaves behind and the next writer puts in order.
enum class Severity : std::uint8_t { kDamage, kNotice };

// One thing about the files of a store that is not as it should be, or worth knowing.
struct Finding {
  Severity severity = Severity::kDamage;
  std::string file;          // relative to the store's folder
  std::uint64_t offset = 0;  // of the first byte concerned; 0 for the file as a whole
  std::string what;          // one sentence for people, without file and offset
};

// Whether the system failed to read something, so that nobody knows what the bytes are: other
// errors say what is wrong with them.
[[nodiscard]] bool is_failed_read(const Error& error) noexcept;

// What an inspection finds, in the order of finding. Bounded, however damaged the store is: the
// rest of each severity is only counted.
class Findings {
 public:
  void damage(std::string file, std::uint64_t offset, std::string what) {
    add({Severity::kDamage, std::move(file), offset, std::move(what)});
  }
  void notice(std::string file, std::uint64_t offset, std::string what) {
    add({Severity::kNotice, std::move(file), offset, std::move(what)});
  }
  // Damage, for all that can be said: `error` kept it from being looked at.
  void unreadable(std::string file, std::uint64_t offset, const Error& error, std::string what);
  // Something was not looked at, and nobody asks for it.
  void note_failure(const Error& error);
  void add(Finding finding);
  void add_all(Findings other);
  // What is damage elsewhere is a notice here: nothing of it was promised.
  void soften();

  [[nodiscard]] bool any_damage() const noexcept { return damage_.listed + damage_.dropped > 0; }
  // The first failed read of all that were met.
  [[nodiscard]] const std::optional<Error>& failed_read() const noexcept { return failed_read_; }
  [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
  // The list, closed by a line about those that were only counted. Empty afterwards.
  std::vector<Finding> take();

 private:
  struct Count {
    std::size_t listed = 0;
    std::size_t dropped = 0;
  };
  Count& count_of(Severity severity) noexcept {
    return severity == Severity::kDamage ? damage_ : notices_;
  }

  std::vector<Finding> list_;
  Count damage_;
  Count notices_;
  std::optional<Error> failed_read_;
};

}  // namespace millrace
