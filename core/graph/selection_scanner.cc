#include "core/graph/selection_scanner.h"

#include <algorithm>
#include <cctype>

namespace assetd {
namespace {

constexpr std::string_view kUrlHint = " (in a URL, '+' must be written %2B: a plain '+' arrives as a blank)";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-' || c == '/' || c == '*';
}

bool is_bare_value(char c) {
  return c != '\0' && !is_blank(c) && c != '(' && c != ')' && c != ',' && c != '+' && c != '"';
}

SelectionError stray_blank(const std::string& where, std::size_t index) {
  return {"a blank " + where + ": remove it" + std::string(kUrlHint), static_cast<int>(index) + 1};
}

}  // namespace

std::optional<SelectionError> refuse_stray_blanks(std::string_view expression) {
  if (expression.empty()) return std::nullopt;
  if (is_blank(expression.front())) return stray_blank("at the start of the selection", 0);
  bool quoted = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i], next = i + 1 < expression.size() ? expression[i + 1] : '\0';
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (quoted)
      continue;
    else if (c == '(' && is_blank(next))
      return stray_blank("after '('", i + 1);
    else if (is_blank(c) && next == ')')
      return stray_blank("before ')'", i);
    else if (is_blank(c) && is_blank(next))
      return stray_blank("too many", i + 1);
    else if (is_blank(c) && i + 1 == expression.size())
      return stray_blank("at the end of the selection", i);
  }
  return std::nullopt;
}

bool SelectionScanner::take(char c) {
  if (at_end() || peek() != c) return false;
  ++at_;
  return true;
}

void SelectionScanner::skip_blank() {
  while (at_blank()) ++at_;
}

std::string_view SelectionScanner::peek_word() const {
  std::size_t end = at_;
  while (end < text_.size() && is_word(text_[end])) ++end;
  return text_.substr(at_, end - at_);
}

std::optional<std::uint32_t> SelectionScanner::take_number() {
  if (!is_digit(peek())) return std::nullopt;
  std::uint64_t value = 0;
  for (; is_digit(peek()); ++at_)
    value = std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(peek() - '0'), UINT32_MAX);
  return static_cast<std::uint32_t>(value);
}

bool SelectionScanner::at_keyword(std::string_view keyword) const {
  return peek_word() == keyword && peek(keyword.size()) != ':';
}

std::expected<std::string, SelectionError> SelectionScanner::take_quoted() {
  const int start = column();
  std::string value;
  for (++at_; !at_end(); ++at_) {
    if (peek() == '"') {
      ++at_;
      return value;
    }
    if (peek() == '\\' && (peek(1) == '"' || peek(1) == '\\')) ++at_;
    value += peek();
  }
  return std::unexpected(SelectionError{"this quote is not closed: write '\"' behind the name", start});
}

std::expected<std::string, SelectionError> SelectionScanner::take_value() {
  std::string value;
  while (true) {
    if (peek() == '"') {
      auto quoted = take_quoted();
      if (!quoted) return quoted;
      value += *quoted;
    } else if (!at_end() && is_bare_value(peek())) {
      value += text_[at_++];
    } else {
      return value;
    }
  }
}

}  // namespace assetd
