#include "daemon/execution/lenient_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "core/definition/utf8.h"

namespace assetd {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// The unit of "\uXXXX" at the beginning of `text`; 0 where there is none.
unsigned unit_at(std::string_view text) {
  unsigned unit = 0;
  if (!text.starts_with("\\u") || text.size() < 6) return 0;
  const auto* end = text.data() + 6;
  return std::from_chars(text.data() + 2, end, unit, 16).ptr == end ? unit : 0;
}
bool is_high(unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; }

class Mender {
 public:
  explicit Mender(std::string_view text) : rest_(text) {}

  std::string mend() {
    bool quoted = false;
    while (!rest_.empty()) {
      if (rest_[0] == '"') quoted = !quoted;
      if (quoted) in_text();
      else between_texts();
    }
    return std::move(out_);
  }

 private:
  void take(std::size_t size) {
    out_ += rest_.substr(0, size);
    rest_.remove_prefix(std::min(size, rest_.size()));
  }
  void replace(std::size_t size, std::string_view by) {
    out_ += by;
    rest_.remove_prefix(size);
  }

  void in_text() {
    if (rest_[0] == '\\') return escape();
    const auto size = character_length(rest_);
    if (size == 0) return replace(1, kReplacement);
    take(size);
  }

  void escape() {
    const auto unit = unit_at(rest_);
    if (is_high(unit) && rest_.size() >= 12 && is_low(unit_at(rest_.substr(6)))) return take(12);
    if (is_high(unit) || is_low(unit)) return replace(6, kReplacement);
    take(2);
  }

  void between_texts() {
    static constexpr std::array<std::string_view, 3> kNumbers = {"NaN", "Infinity", "-Infinity"};
    for (const auto name : kNumbers)
      if (rest_.starts_with(name)) return replace(name.size(), '"' + std::string(name) + '"');
    take(1);
  }

  std::string_view rest_;
  std::string out_;
};

}  // namespace

nlohmann::json parse_lenient(std::string_view text) {
  auto strict = nlohmann::json::parse(text, nullptr, false);
  return strict.is_discarded() ? nlohmann::json::parse(Mender(text).mend(), nullptr, false) : strict;
}

}  // namespace assetd
