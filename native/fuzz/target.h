#pragma once

#include <exception>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace millrace::fuzz {

// A promise of the engine that an input broke. Nobody catches it under the fuzzer, which then shows
// where it was thrown and keeps the input.
class BrokenClaim : public std::exception {
 public:
  BrokenClaim(std::string_view what, std::source_location where);
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

// What must hold, whatever the input is.
void claim(bool held, std::string_view what,
           std::source_location where = std::source_location::current());

// Something that takes any bytes, declared at namespace scope in <name>_fuzz.cc. A fuzzer links
// one; the test that replays what is kept in the repository links all.
class Target {
 public:
  using Run = void (*)(Bytes input);

  Target(const char* name, Run function);
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  [[nodiscard]] const char* name() const noexcept { return name_; }
  // Throws BrokenClaim.
  void run(Bytes input) const { run_(input); }

  static const std::vector<const Target*>& all();

 private:
  const char* name_;
  Run run_;
};

}  // namespace millrace::fuzz
