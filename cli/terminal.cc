#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

namespace assetd::cli {

std::string Terminal::paint(std::string_view text, Colour with) const {
  static const std::map<Colour, std::string_view> codes = {{Colour::red, "31"}, {Colour::green, "32"}, {Colour::yellow, "33"},
                                                           {Colour::blue, "34"}, {Colour::grey, "90"}, {Colour::bold, "1"}};
  if (!colour || with == Colour::none) return std::string(text);
  return "\033[" + std::string(codes.at(with)) + "m" + std::string(text) + "\033[0m";
}

Terminal terminal_of(int fd) {
  Terminal terminal;
  terminal.tty = isatty(fd) == 1;
  if (!terminal.tty) return terminal;
  const char* kind = std::getenv("TERM");
  const char* no_colour = std::getenv("NO_COLOR");
  terminal.colour = (no_colour == nullptr || *no_colour == 0) && (kind == nullptr || std::string_view(kind) != "dumb");
  winsize size{};
  terminal.width = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  return terminal;
}

Colour status_colour(std::string_view status) {
  static const std::map<std::string_view, Colour> colours = {
      {"succeeded", Colour::green}, {"materialized", Colour::green}, {"fresh", Colour::green},      {"passed", Colour::green},
      {"ok", Colour::green},        {"current", Colour::green},      {"requested", Colour::green},  {"running", Colour::blue},
      {"starting", Colour::blue},   {"materializing", Colour::blue}, {"canceling", Colour::blue},   {"failed", Colour::red},
      {"violated", Colour::red},    {"error", Colour::red},          {"broken", Colour::red},       {"skipped", Colour::yellow},
      {"stale", Colour::yellow},    {"warned", Colour::yellow},      {"warn", Colour::yellow},      {"paused", Colour::yellow}, {"held", Colour::yellow},
      {"canceled", Colour::grey},   {"never", Colour::grey},         {"pending", Colour::grey},     {"queued", Colour::grey},
      {"ready", Colour::grey},      {"external", Colour::grey},      {"waiting_retry", Colour::grey}};
  const auto found = colours.find(status);
  return found == colours.end() ? Colour::none : found->second;
}

namespace {
bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }
}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text) width += starts_code_point(c);
  return width;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::size_t columns = 0, end = 0;
  for (; end < text.size(); ++end) {
    if (starts_code_point(text[end]) && columns++ == width - 1) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace assetd::cli
