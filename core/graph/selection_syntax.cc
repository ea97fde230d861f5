#include "core/graph/selection_syntax.h"

#include <algorithm>
#include <cctype>

#include "core/graph/asset_key.h"
#include "core/graph/selection_scanner.h"

namespace assetd {
namespace {

using Parsed = std::expected<SelectionNode, SelectionError>;
using Kind = SelectionNode::Kind;

constexpr int kDeepest = 200;  // far beyond what people write, far below what the stack holds

struct AttributeName {
  std::string_view name;
  Attribute attribute;
};
constexpr AttributeName kAttributes[] = {{"key", Attribute::key},       {"group", Attribute::group},
                                         {"kind", Attribute::kind},     {"tag", Attribute::tag},
                                         {"owner", Attribute::owner},   {"status", Attribute::status},
                                         {"stale", Attribute::stale},   {"freshness", Attribute::freshness},
                                         {"import", Attribute::import}, {"path", Attribute::path}};

std::vector<std::string_view> values_of(Attribute attribute) {
  if (attribute == Attribute::status) return {"never", "materializing", "materialized", "failed", "skipped"};
  if (attribute == Attribute::stale) return {"true", "false", "yes", "no"};
  if (attribute == Attribute::freshness) return {"none", "fresh", "warn", "violated"};
  return {};
}

std::string list_of(const std::vector<std::string_view>& names) {
  std::string text;
  for (const auto name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

std::string quote(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& names) {
  const auto near = nearest_name(name, names);
  return near.empty() ? "" : "; did you mean " + quote(near) + "?";
}

std::unexpected<SelectionError> fail(std::string message, int column) {
  return std::unexpected(SelectionError{std::move(message), column});
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// Joins operands; a single one stays as it is.
SelectionNode joined(Kind kind, int column, std::vector<SelectionNode> operands) {
  if (operands.size() == 1) return std::move(operands.front());
  SelectionNode node{.kind = kind, .column = column};
  node.children = std::move(operands);
  return node;
}

SelectionNode around(Kind kind, int column, SelectionNode child) {
  SelectionNode node{.kind = kind, .column = column};
  node.children.push_back(std::move(child));
  return node;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : scan_(text) {}

  Parsed parse() {
    auto node = parse_list("or");
    if (node && !scan_.at_end()) return explain_leftover();
    return node;
  }

 private:
  Parsed parse_list(std::string_view keyword) {
    const bool any = keyword == "or";
    const int column = scan_.column();
    std::vector<SelectionNode> operands;
    do {
      auto operand = any ? parse_list("and") : parse_not();
      if (!operand) return operand;
      operands.push_back(std::move(*operand));
    } while (take_operator(keyword));
    return joined(any ? Kind::any_of : Kind::all_of, column, std::move(operands));
  }

  bool take_operator(std::string_view keyword) {
    const auto start = scan_.at();
    scan_.skip_blank();
    if (!scan_.at_keyword(keyword)) {
      scan_.go_to(start);
      return false;
    }
    scan_.go_to(scan_.at() + keyword.size());
    last_word_ = keyword;
    scan_.skip_blank();
    return true;
  }

  Parsed parse_not() {
    const int column = scan_.column();
    bool negated = false;
    while (scan_.at_keyword("not")) {
      negated = !negated;
      scan_.go_to(scan_.at() + 3);
      last_word_ = "not";
      scan_.skip_blank();
    }
    auto node = parse_walk();
    if (!node || !negated) return node;
    return around(Kind::except, column, std::move(*node));
  }

  Parsed parse_walk() {
    const int column = scan_.column();
    const std::uint32_t up = take_levels_above();
    auto atom = parse_atom();
    if (!atom) return atom;
    std::uint32_t down = 0;
    if (scan_.take('+')) {
      const auto levels = scan_.take_number();
      if (scan_.peek() == '+' || scan_.peek() == '(' || scan_.peek() == '"' || !scan_.peek_word().empty())
        return fail("after '+' only a number of levels may follow; to join selections write \"or\" or \"and\"",
                    scan_.column());
      down = levels.value_or(UINT32_MAX);
    }
    if (up == 0 && down == 0) return atom;
    auto node = around(Kind::walk, column, std::move(*atom));
    node.up = up;
    node.down = down;
    return node;
  }

  /// "+" or "2+" before an atom. A number is a name when no atom follows its '+': "2024+" is what comes below the asset
  /// 2024.
  std::uint32_t take_levels_above() {
    const auto start = scan_.at();
    const auto levels = scan_.take_number();
    if (scan_.take('+') && (!levels || !scan_.peek_word().empty() || scan_.peek() == '(' || scan_.peek() == '"')) {
      last_word_ = "+";
      return levels.value_or(UINT32_MAX);
    }
    scan_.go_to(start);
    return 0;
  }

  Parsed parse_atom() {
    const int column = scan_.column();
    if (scan_.peek() == '(') return parse_parenthesis();
    if (scan_.peek() == '"') {
      auto name = scan_.take_quoted();
      if (!name) return std::unexpected(name.error());
      if (name->empty()) return fail("a name is missing between the quotes", column);
      return SelectionNode{.kind = Kind::attribute, .column = column, .text = std::move(*name)};
    }
    const auto word = scan_.peek_word();
    if (word.empty()) return explain_missing_atom();
    const char next = scan_.peek(word.size());
    if (next != ':' && (word == "or" || word == "and" || word == "not"))
      return fail("an asset name is missing before " + quote(word) + " (if it is one, quote it)", column);
    scan_.go_to(scan_.at() + word.size());
    if (next == ':') return parse_attribute(word, column);
    if (next == '(' && (word == "roots" || word == "sinks")) {
      auto inner = parse_parenthesis();
      if (!inner) return inner;
      return around(word == "roots" ? Kind::roots : Kind::sinks, column, std::move(*inner));
    }
    if (word == "*") return SelectionNode{.kind = Kind::everything, .column = column};
    return SelectionNode{.kind = Kind::attribute, .column = column, .text = std::string(word)};
  }

  Parsed parse_parenthesis() {
    const int column = scan_.column();
    if (++depth_ > kDeepest) return fail("parentheses are nested more than 200 deep", column);
    scan_.take('(');
    last_word_ = "(";
    auto node = parse_list("or");
    if (!node) return node;
    if (scan_.at_end())
      return fail("the '(' at column " + std::to_string(column) + " is not closed: write ')'", scan_.column());
    if (!scan_.take(')')) return explain_leftover();
    --depth_;
    return node;
  }

  Parsed parse_attribute(std::string_view name, int column) {
    const auto* known = std::ranges::find(kAttributes, name, &AttributeName::name);
    if (known == std::end(kAttributes)) {
      std::vector<std::string_view> names;
      for (const auto& attribute : kAttributes) names.push_back(attribute.name);
      const auto near = did_you_mean(name, names);
      return fail("unknown attribute " + quote(name) + (near.empty() ? ": one of " + list_of(names) : near),
                  column);
    }
    scan_.take(':');
    const int value_column = scan_.column();
    const bool is_quoted = scan_.peek() == '"';
    auto value = scan_.take_value();
    if (!value) return std::unexpected(value.error());
    if (value->empty() && !(is_quoted && known->attribute == Attribute::group))
      return fail("a value is missing after " + quote(std::string(name) + ":") + ", without a blank", value_column);
    const auto values = values_of(known->attribute);
    if (!values.empty() && std::ranges::find(values, *value) == values.end())
      return fail("unknown " + std::string(name) + " " + quote(*value) + did_you_mean(*value, values) +
                      " (one of " + list_of(values) + ")",
                  value_column);
    return SelectionNode{
        .kind = Kind::attribute, .column = column, .attribute = known->attribute, .text = std::move(*value)};
  }

  Parsed explain_missing_atom() {
    const int column = scan_.column();
    if (scan_.at_end() && last_word_.empty()) return fail("the selection is empty: write * for all assets", column);
    const std::string after = last_word_.empty() ? "" : " after " + quote(last_word_);
    if (scan_.at_end()) return fail("an asset name is missing" + after, column);
    if (scan_.at_blank()) return fail("a blank" + after + ": write it directly before the name", column);
    if (scan_.peek() == ')') return fail("an asset name is missing before ')'", column);
    return explain_character();
  }

  /// What stands here cannot follow a complete operand.
  Parsed explain_leftover() {
    const bool blank = scan_.at_blank();
    scan_.skip_blank();
    const int column = scan_.column();
    const auto word = scan_.peek_word();
    const auto small = lower(word);
    if (small == "or" || small == "and" || small == "not")
      return fail("operators are written in small letters" +
                      (small == "not" ? ", and \"not\" joins nothing: write \"and not\"" : ": " + quote(small)),
                  column);
    if (blank && (!word.empty() || scan_.peek() == '"' || scan_.peek() == '(' || scan_.peek() == '+'))
      return fail(
          "a blank joins nothing here: write \"or\" for both, \"and\" for what they have in common (in a URL, '+' must "
          "be written %2B)",
          column);
    if (!word.empty() || scan_.peek() == '"' || scan_.peek() == '(')
      return fail("\"or\" or \"and\" is missing here", column);
    return explain_character();
  }

  Parsed explain_character() {
    const int column = scan_.column();
    switch (scan_.peek()) {
      case ',':
        return fail(
            "a comma joins nothing here (dbt and Dagster disagree on it): write \"or\" for both, \"and\" for what they "
            "have in common",
            column);
      case ')':
        return fail("this ')' has no '('", column);
      case '|':
        return fail("write \"or\" instead of '|'", column);
      case '&':
        return fail("write \"and\" instead of '&'", column);
      case '!':
        return fail("write \"not\" instead of '!'", column);
      case '+':
        return fail("one '+' on a side is enough: +x is upstream, x+ is downstream", column);
      case '\'':
        return fail("a name is quoted with '\"'", column);
      case '@':
        return fail("write +(x+) instead of @x", column);
      case ':':
        return fail("an attribute is missing before ':' (like group:gold)", column);
      default:
        return fail("this character is not part of the selection language; a name that holds it must be quoted",
                    column);
    }
  }

  SelectionScanner scan_;
  std::string_view last_word_;  // what an atom must follow, for messages
  int depth_ = 0;
};

/// The column of the first that asks for the state of assets, else 0.
int first_state(const SelectionNode& node) {
  if (node.kind == Kind::attribute && asks_for_state(node.attribute)) return node.column;
  for (const auto& child : node.children)
    if (const int column = first_state(child)) return column;
  return 0;
}

}  // namespace

std::expected<SelectionNode, SelectionError> parse_selection(std::string_view expression) {
  if (auto refused = refuse_stray_blanks(expression)) return std::unexpected(std::move(*refused));
  return Parser(expression).parse();
}

std::expected<bool, SelectionError> check_selection_syntax(std::string_view expression) {
  auto tree = parse_selection(expression);
  if (!tree) return std::unexpected(std::move(tree.error()));
  return first_state(*tree) > 0;
}

int column_of_state(std::string_view expression) {
  const auto tree = parse_selection(expression);
  return tree ? first_state(*tree) : 0;
}

}  // namespace assetd
