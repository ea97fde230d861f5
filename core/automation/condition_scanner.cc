#include "core/automation/condition_scanner.h"

#include <utility>

namespace assetd {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9'); }

}  // namespace

ConditionToken ConditionScanner::take() {
  auto taken = std::exchange(next_, {});
  next_ = scan();
  return taken;
}

ConditionToken ConditionScanner::scan() {
  using Kind = ConditionToken::Kind;
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  const int column = static_cast<int>(at_) + 1;
  if (at_ == text_.size()) return {Kind::end, "", column};
  const char c = text_[at_];
  if (c == '(') return ++at_, ConditionToken{Kind::open, "(", column};
  if (c == ')') return ++at_, ConditionToken{Kind::close, ")", column};
  if (c == ',') return ++at_, ConditionToken{Kind::comma, ",", column};
  if (c == '"' || c == '\'') return quoted(column);
  const auto begin = at_;
  while (at_ < text_.size() && is_letter(text_[at_])) ++at_;
  if (at_ > begin) return {Kind::name, std::string(text_.substr(begin, at_ - begin)), column};
  const std::string hint = c == '&' ? "; write and" : c == '|' ? "; write or" : c == '~' || c == '!' ? "; write not" : "";
  return {Kind::bad, "\"" + std::string(1, c) + "\" cannot stand here" + hint, column};
}

ConditionToken ConditionScanner::quoted(int column) {
  const char quote = text_[at_++];
  std::string out;
  for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
    out += text_[at_];
  }
  if (at_ == text_.size()) return {ConditionToken::Kind::bad, "this text has no closing quote", column};
  ++at_;
  return {ConditionToken::Kind::text, std::move(out), column};
}

}  // namespace assetd
