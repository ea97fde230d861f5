#include "cli/table.h"

#include <algorithm>

namespace assetd::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;

std::string one_line(const std::string& text) {
  std::string out = text;
  std::ranges::replace(out, '\n', ' ');
  return out;
}

}  // namespace

Cell status_cell(const std::string& status) { return {status, status_colour(status)}; }

std::vector<std::size_t> Table::widths(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  std::size_t total = kGap * (columns_.size() - 1);
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = display_width(columns_[c].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[c].text));
    widths.push_back(width);
    total += width;
  }
  if (terminal.width == 0) return widths;
  while (total > terminal.width) {  // one column less from the widest that may shrink
    std::size_t widest = columns_.size();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (columns_[c].shrinks && widths[c] > kNarrowest && (widest == columns_.size() || widths[c] > widths[widest])) widest = c;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --total;
  }
  return widths;
}

std::string Table::render(const Terminal& terminal) const {
  const auto width = widths(terminal);
  std::string out;
  const auto line = [&](const auto& text_of, const auto& colour_of) {
    std::string row;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const auto text = shorten(one_line(text_of(c)), width[c]);
      const std::string padding(width[c] - display_width(text), ' ');
      if (columns_[c].right) row += padding;
      row += terminal.paint(text, colour_of(c));
      if (c + 1 == columns_.size()) break;
      if (!columns_[c].right) row += padding;
      row.append(kGap, ' ');
    }
    row.erase(row.find_last_not_of(' ') + 1);
    out += row + "\n";
  };
  line([&](std::size_t c) { return columns_[c].title; }, [](std::size_t) { return Colour::grey; });
  for (const auto& row : rows_) {
    line([&](std::size_t c) { return row[c].text; }, [&](std::size_t c) { return row[c].colour; });
  }
  return out;
}

}  // namespace assetd::cli
