#pragma once
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace assetd::cli {

struct Column {
  std::string title;
  bool right = false;     ///< numbers
  bool shrinks = false;   ///< gives way first when the terminal is narrow
};

struct Cell {
  std::string text;
  Colour colour = Colour::none;

  Cell(std::string text, Colour colour = Colour::none) : text(std::move(text)), colour(colour) {}  // NOLINT: rows read as lists of texts
  Cell(const char* text) : text(text) {}                                                           // NOLINT
};

/// A status in its colour.
Cell status_cell(const std::string& status);

/// Aligned columns under a header. On a terminal it fits its width: shrinking columns are cut with "…", else everything is shown in full.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  std::string render(const Terminal& terminal) const;

 private:
  std::vector<std::size_t> widths(const Terminal& terminal) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace assetd::cli
