#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace assetd {

/// Keys are parts [A-Za-z0-9_][A-Za-z0-9_.-]* joined by '/', at most 255 bytes. The error says what is wrong and where
/// (byte, from 1).
std::expected<void, std::string> check_asset_key(std::string_view key);

/// The candidate nearest to `name` by edit distance (case counts little; ties: the smallest), else the only one that
/// ends with "/name";
/// "" when none is near enough to be meant. Candidates may come in any order. 100,000 of them take a few milliseconds.
std::string nearest_name(std::string_view name, const std::vector<std::string_view>& candidates);

/// '*' matches within a part, '**' across parts; "**/" stands for any number of whole parts, also none: "**/x" matches
/// "x" and "a/x", not "ax". Case-sensitive.
bool key_matches(std::string_view pattern, std::string_view key);

}  // namespace assetd
