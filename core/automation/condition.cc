#include "core/automation/condition.h"

#include <algorithm>
#include <utility>

#include "core/automation/condition_scanner.h"
#include "core/automation/named_conditions.h"
#include "core/graph/asset_key.h"
#include "core/graph/selection_syntax.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {

using Kind = Condition::Kind;
using Token = ConditionToken;
using Parsed = std::expected<ConditionPtr, ConditionError>;
using Outcome = std::expected<void, ConditionError>;

constexpr int kMaxDepth = 64;

std::unexpected<ConditionError> wrong(int column, std::string message) { return std::unexpected(ConditionError{std::move(message), column}); }

/// An operator between conditions: its word, and what it makes.
struct Infix {
  const char* word;
  Kind kind;
};
constexpr Infix kInfixes[] = {{"or", Kind::any_of}, {"and", Kind::all_of}};

class Parser {
 public:
  explicit Parser(std::string_view text) : scanner_(text) {}

  Parsed whole() {
    auto found = infix(0, 0);
    if (found && scanner_.peek().kind != Token::Kind::end) return unexpected_token("the end");
    return found;
  }

 private:
  bool at_word(std::string_view word) const { return scanner_.peek().kind == Token::Kind::name && scanner_.peek().text == word; }

  std::unexpected<ConditionError> unexpected_token(const std::string& wanted) const {
    const auto& found = scanner_.peek();
    if (found.kind == Token::Kind::bad) return wrong(found.column, found.text);
    const std::string what = found.kind == Token::Kind::end ? "it ends" : "there is \"" + found.text + "\"";
    return wrong(found.column, what + " where " + wanted + " is expected");
  }

  Outcome expect(Token::Kind kind, const char* wanted) {
    if (scanner_.peek().kind != kind) return unexpected_token(wanted);
    scanner_.take();
    return {};
  }

  /// Operators that bind at least as tightly as the one at `level`.
  Parsed infix(std::size_t level, int depth) {
    if (level == std::size(kInfixes)) return unary(depth);
    const int column = scanner_.peek().column;
    std::vector<ConditionPtr> parts;
    do {
      auto part = infix(level + 1, depth);
      if (!part) return part;
      parts.push_back(*std::move(part));
    } while (at_word(kInfixes[level].word) && (scanner_.take(), true));
    if (parts.size() == 1) return parts.front();
    return make_condition(kInfixes[level].kind, kInfixes[level].word, column, std::move(parts));
  }

  Parsed unary(int depth) {
    if (depth > kMaxDepth) return wrong(scanner_.peek().column, "this is nested too deeply: at most " + std::to_string(kMaxDepth) + " levels are taken");
    const auto token = scanner_.peek();
    if (token.kind == Token::Kind::open) {
      scanner_.take();
      auto inner = infix(0, depth + 1);
      if (!inner) return inner;
      if (auto closed = expect(Token::Kind::close, "\")\""); !closed) return std::unexpected(closed.error());
      return inner;
    }
    if (token.kind != Token::Kind::name || token.text == "and" || token.text == "or") return unexpected_token("a condition");
    scanner_.take();
    if (token.text != "not") return named(token, depth);
    auto inner = unary(depth + 1);
    return inner ? Parsed(make_condition(Kind::negation, "not", token.column, {*inner})) : inner;
  }

  Parsed named(const Token& name, int depth) {
    if (const auto kind = leaf_kind(name.text)) {
      if (scanner_.peek().kind == Token::Kind::open) return wrong(scanner_.peek().column, name.text + " takes no arguments");
      return make_condition(*kind, name.text, name.column);
    }
    const auto* form = find_form(name.text);
    if (!form) {
      const auto names = condition_names();
      const auto nearest = nearest_name(name.text, {names.begin(), names.end()});
      return wrong(name.column, "there is no condition \"" + name.text + "\"" + (nearest.empty() ? "" : "; nearest: " + nearest));
    }
    FormArguments arguments;
    if (auto read = this->arguments(*form, name, arguments, depth); !read) return std::unexpected(read.error());
    return make_named(*form, std::move(arguments), name.column);
  }

  Outcome arguments(const NamedForm& form, const Token& name, FormArguments& out, int depth) {
    const bool some = scanner_.peek().kind == Token::Kind::open;
    if (!some && (form.conditions > 0 || form.cron)) return wrong(name.column, usage(form));
    if (!some) return {};
    if (form.conditions == 0 && !form.cron && !form.selection) return wrong(scanner_.peek().column, name.text + " takes no arguments");
    scanner_.take();
    bool first = true;
    for (std::size_t i = 0; i < form.conditions; ++i) {
      if (!first && scanner_.peek().kind == Token::Kind::close) return wrong(scanner_.peek().column, usage(form));
      if (auto comma = separator(first); !comma) return comma;
      auto condition = infix(0, depth + 1);
      if (!condition) return std::unexpected(condition.error());
      out.conditions.push_back(*std::move(condition));
    }
    if (form.cron)
      if (auto read = cron(first, out); !read) return read;
    if (form.selection && scanner_.peek().kind != Token::Kind::close)
      if (auto read = selection(first, out); !read) return read;
    if (scanner_.peek().kind != Token::Kind::close && scanner_.peek().kind != Token::Kind::bad && scanner_.peek().kind != Token::Kind::end)
      return wrong(scanner_.peek().column, usage(form));
    return expect(Token::Kind::close, "\")\"");
  }

  static std::string usage(const NamedForm& form) {
    std::string inside;
    const auto add = [&](const std::string& argument) { inside += (inside.empty() ? "" : ", ") + argument; };
    for (std::size_t i = 0; i < form.conditions; ++i) add("CONDITION");
    if (form.cron) add("\"0 6 * * *\", \"Europe/London\"");
    if (form.selection) add("\"tag:daily\"");
    return std::string("write ") + form.name + "(" + inside + ")" + (form.selection || form.cron ? "; what is last may be left out" : "");
  }

  Outcome separator(bool& first) {
    if (std::exchange(first, false)) return {};
    return expect(Token::Kind::comma, "\",\"");
  }

  std::expected<Token, ConditionError> text(bool& first, const char* wanted) {
    if (auto comma = separator(first); !comma) return std::unexpected(comma.error());
    if (scanner_.peek().kind != Token::Kind::text) return unexpected_token(wanted);
    return scanner_.take();
  }

  Outcome cron(bool& first, FormArguments& out) {
    const auto expression = text(first, "a cron expression in quotes");
    if (!expression) return std::unexpected(expression.error());
    out.cron = expression->text;
    out.zone = "UTC";
    int zone_column = expression->column;
    if (scanner_.peek().kind == Token::Kind::comma) {
      const auto zone = text(first, "a time zone in quotes");
      if (!zone) return std::unexpected(zone.error());
      out.zone = zone->text;
      zone_column = zone->column;
    }
    const auto schedule = CronSchedule::parse_new(out.cron, out.zone);
    if (schedule) return {};
    const auto& error = schedule.error();
    return wrong(error.column == 0 ? zone_column : expression->column + error.column, error.message);
  }

  Outcome selection(bool& first, FormArguments& out) {
    const auto expression = text(first, "a selection in quotes");
    if (!expression) return std::unexpected(expression.error());
    out.selection = expression->text;
    out.selection_column = expression->column + 1;
    const auto parsed = parse_selection(out.selection);
    if (parsed) return {};
    return wrong(expression->column + parsed.error().column, parsed.error().message);
  }

  ConditionScanner scanner_;
};

}  // namespace

std::expected<ConditionPtr, ConditionError> parse_condition(std::string_view expression) { return Parser(expression).whole(); }

std::size_t depth_of(const Condition& condition) {
  std::size_t below = 0;
  for (const auto& child : condition.children) below = std::max(below, depth_of(*child));
  return below + (condition.kind == Kind::any_deps || condition.kind == Kind::all_deps ? 1 : 0);
}

}  // namespace assetd
