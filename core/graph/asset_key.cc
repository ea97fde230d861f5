#include "core/graph/asset_key.h"

#include <cctype>
#include <cstdio>

namespace assetd {
namespace {

constexpr std::size_t kLongestKey = 255;

bool starts_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }
bool continues_part(char c) { return starts_part(c) || c == '.' || c == '-'; }

std::string shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte > 0x20 && byte < 0x7f) return std::string("'") + c + "'";
  char text[16];
  std::snprintf(text, sizeof text, "byte 0x%02x", byte);
  return c == ' ' ? "a blank" : text;
}

std::unexpected<std::string> wrong(std::size_t index, const std::string& what) {
  return std::unexpected(what + " at byte " + std::to_string(index + 1));
}

}  // namespace

std::expected<void, std::string> check_asset_key(std::string_view key) {
  if (key.empty()) return std::unexpected("an asset key must not be empty");
  if (key.size() > kLongestKey)
    return std::unexpected("an asset key has at most 255 bytes, this one has " + std::to_string(key.size()));
  bool at_start = true;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key[i];
    if (c == '/') {
      if (at_start) return wrong(i, "an empty part before '/'");
      at_start = true;
    } else if (!continues_part(c)) {
      return wrong(i,
                   shown(c) + " is not allowed in an asset key (letters, digits, '_', '.', '-', parts joined by '/')");
    } else if (at_start && !starts_part(c)) {
      return wrong(i, "a part must start with a letter, a digit or '_', not " + shown(c));
    } else {
      at_start = false;
    }
  }
  if (at_start) return wrong(key.size() - 1, "an empty part after '/'");
  return {};
}

}  // namespace assetd
