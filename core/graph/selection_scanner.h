#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "core/graph/selection.h"

namespace assetd {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Blanks at the ends, doubled, or inside of a parenthesis: in a URL they are what is left of a '+', and would silently
/// change the meaning.
std::optional<SelectionError> refuse_stray_blanks(std::string_view expression);

/// A cursor over a selection's characters.
class SelectionScanner {
 public:
  explicit SelectionScanner(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  int column() const { return static_cast<int>(at_) + 1; }
  bool at_end() const { return at_ == text_.size(); }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool at_blank() const { return !at_end() && is_blank(peek()); }
  bool take(char c);
  void skip_blank();
  void go_to(std::size_t position) { at_ = position; }
  std::string_view since(std::size_t start) const { return text_.substr(start, at_ - start); }

  /// The run of name characters here, without taking it.
  std::string_view peek_word() const;
  /// The number here, taken; saturated at UINT32_MAX.
  std::optional<std::uint32_t> take_number();
  /// The word `keyword` here, if that is the whole word and no attribute's name.
  bool at_keyword(std::string_view keyword) const;
  /// A quoted text (the cursor is on its '"'); \" and \\ stand for '"' and '\'.
  std::expected<std::string, SelectionError> take_quoted();
  /// An attribute's value: bare characters and quoted texts without a blank between them.
  std::expected<std::string, SelectionError> take_value();

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace assetd
