#pragma once

#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::test {

// A row of a table, cell by cell, without the blanks and quotes around.
using TableRow = std::vector<std::string>;

// docs/on-disk-format.md, so that what it says can be compared with what the engine does.
class FormatPage {
 public:
  // Finds the page beside the source of the tests; ends the test when it is not there.
  static FormatPage load();

  // The rows below the headline of the one table in the section that is headed `heading`. Ends the
  // test unless there is exactly one.
  [[nodiscard]] std::vector<TableRow> table(
      std::string_view heading, std::source_location where = std::source_location::current()) const;

  // The text of the one fenced block in this language, lines ended by "\n".
  [[nodiscard]] std::string block(
      std::string_view language,
      std::source_location where = std::source_location::current()) const;

 private:
  explicit FormatPage(std::vector<std::string> lines) : lines_(std::move(lines)) {}

  std::vector<std::string> lines_;
};

// The text without blanks and backquotes at its ends.
[[nodiscard]] std::string trimmed(std::string_view text);

}  // namespace millrace::test
