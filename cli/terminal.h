#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace assetd::cli {

enum class Colour { none, red, green, yellow, blue, grey, bold };

/// What the output goes to. A value, so that rendering is a function of it.
struct Terminal {
  bool tty = false;
  bool colour = false;
  std::size_t width = 0;  ///< columns; 0: unbounded

  std::string paint(std::string_view text, Colour colour) const;
};

/// Of a file descriptor: colours on a terminal unless NO_COLOR is set or TERM is "dumb".
Terminal terminal_of(int fd);

/// The colour of a run's, step's or asset's status, of a check's, and of "fresh" and the like: the same everywhere.
Colour status_colour(std::string_view status);

/// Columns a text takes: one per code point (keys and English need no more).
std::size_t display_width(std::string_view text);
/// At most `width` columns, with "…" where something was cut.
std::string shorten(std::string_view text, std::size_t width);

}  // namespace assetd::cli
