#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

namespace assetd {

/// JSON as programs write it that do not check what they write: Python's NaN, Infinity and -Infinity become texts of these names; halves of surrogate pairs and
/// bytes that are not UTF-8 become U+FFFD. Discarded (is_discarded()) if it is not JSON then either.
nlohmann::json parse_lenient(std::string_view text);

}  // namespace assetd
