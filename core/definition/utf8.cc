#include "core/definition/utf8.h"

#include <cstdint>

namespace assetd {
namespace {

struct Range {
  int extra;               ///< bytes that follow the first
  std::uint8_t low, high;  ///< bounds of the second byte
};

/// Table 3-7 of the Unicode standard.
std::optional<Range> range_of(std::uint8_t first) {
  if (first < 0x80) return Range{0, 0, 0};
  if (first < 0xC2 || first > 0xF4) return std::nullopt;
  if (first < 0xE0) return Range{1, 0x80, 0xBF};
  if (first == 0xE0) return Range{2, 0xA0, 0xBF};
  if (first == 0xED) return Range{2, 0x80, 0x9F};
  if (first < 0xF0) return Range{2, 0x80, 0xBF};
  if (first == 0xF0) return Range{3, 0x90, 0xBF};
  if (first == 0xF4) return Range{3, 0x80, 0x8F};
  return Range{3, 0x80, 0xBF};
}

}  // namespace

std::size_t character_length(std::string_view text) {
  const auto range = range_of(static_cast<std::uint8_t>(text[0]));
  if (!range || text.size() <= static_cast<std::size_t>(range->extra)) return 0;
  for (int i = 1; i <= range->extra; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[static_cast<std::size_t>(i)]);
    if (byte < (i == 1 ? range->low : 0x80) || byte > (i == 1 ? range->high : 0xBF)) return 0;
  }
  return static_cast<std::size_t>(range->extra) + 1;
}

std::optional<InvalidUtf8> find_invalid_utf8(std::string_view text) {
  InvalidUtf8 at;
  while (at.byte < text.size()) {
    const auto length = character_length(text.substr(at.byte));
    if (length == 0) return at;
    if (text[at.byte] == '\n') {
      ++at.line;
      at.column = 1;
    } else {
      ++at.column;
    }
    at.byte += length;
  }
  return std::nullopt;
}

}  // namespace assetd
