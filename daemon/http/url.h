#pragma once
// Decoding of request targets (RFC 3986) and of queries (application/x-www-form-urlencoded, as browsers write them).

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assetd::http {

/// Nothing for a '%' without two hexadecimal digits, for a NUL and for bytes that are not UTF-8.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank = false);

/// The parts between '/' of an encoded absolute path, each decoded: "/a/b%2Fc" is {"a", "b/c"}. A trailing '/' gives an empty last part.
std::optional<std::vector<std::string>> path_parts(std::string_view path);

/// In the order they came. The error says which parameter cannot be decoded.
std::expected<std::vector<std::pair<std::string, std::string>>, std::string> parse_query(std::string_view query);

bool is_utf8(std::string_view text);

}  // namespace assetd::http
