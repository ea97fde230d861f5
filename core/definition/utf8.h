#pragma once
#include <optional>
#include <string_view>

namespace assetd {

struct InvalidUtf8 {
  std::size_t byte = 0;      ///< from 0
  int line = 1, column = 1;  ///< from 1; the column counts characters
};

/// Bytes of the character at the start of `text`, which is not empty; 0 when it is none.
std::size_t character_length(std::string_view text);

/// Where `text` stops being UTF-8 (RFC 3629: no overlong forms, no surrogates); nothing when it is all good.
std::optional<InvalidUtf8> find_invalid_utf8(std::string_view text);

}  // namespace assetd
