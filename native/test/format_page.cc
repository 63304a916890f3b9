#include "test/format_page.h"

#include <fstream>
#include <optional>
#include <utility>

#include "core/paths.h"
#include "test/test.h"

namespace millrace::test {

namespace {

constexpr std::string_view kFence = "```";

// "# Frame" and "### Frame" are both headed "Frame"; nullopt for any other line.
std::optional<std::string> heading_of(const std::string& line) {
  const std::size_t level = line.find_first_not_of('#');
  if (level == 0 || level == std::string::npos || line[level] != ' ') return std::nullopt;
  return trimmed(line.substr(level));
}

TableRow cells_of(const std::string& line) {
  TableRow cells;
  std::size_t from = 1;  // behind the first bar
  for (;;) {
    const std::size_t bar = line.find('|', from);
    if (bar == std::string::npos) return cells;
    cells.push_back(trimmed(std::string_view(line).substr(from, bar - from)));
    from = bar + 1;
  }
}

}  // namespace

std::string trimmed(std::string_view text) {
  constexpr std::string_view kAround = " `\r";
  const std::size_t first = text.find_first_not_of(kAround);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kAround) - first + 1));
}

FormatPage FormatPage::load() {
  const std::string here(parent_path(std::source_location::current().file_name()));
  const std::string path = here + "/../../docs/on-disk-format.md";
  std::ifstream file(path);
  if (!file) stop(path + " cannot be read");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return FormatPage(std::move(lines));
}

std::vector<TableRow> FormatPage::table(std::string_view heading,
                                        std::source_location where) const {
  std::vector<TableRow> rows;
  std::size_t tables = 0;
  bool inside = false;
  bool in_table = false;
  for (const std::string& line : lines_) {
    if (const std::optional<std::string> found = heading_of(line)) inside = *found == heading;
    const bool row = inside && line.starts_with("|");
    if (row && !in_table) ++tables;  // its headline
    if (row && in_table && !line.starts_with("| ---")) rows.push_back(cells_of(line));
    in_table = row;
  }
  if (tables != 1) {
    stop(std::to_string(tables) + " tables under \"" + std::string(heading) + "\", expected one",
         where);
  }
  return rows;
}

std::string FormatPage::block(std::string_view language, std::source_location where) const {
  const std::string opening = std::string(kFence).append(language);
  std::string text;
  std::size_t blocks = 0;
  bool inside = false;
  for (const std::string& line : lines_) {
    if (line == opening) {
      ++blocks;
      inside = true;
    } else if (line == kFence) {
      inside = false;
    } else if (inside) {
      text.append(line).append("\n");
    }
  }
  if (blocks != 1) stop("no block, or several, in " + std::string(language), where);
  return text;
}

}  // namespace millrace::test
