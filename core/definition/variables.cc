#include "core/definition/variables.h"

#include <array>
#include <vector>

#include "core/definition/utf8.h"

namespace assetd {
namespace {

constexpr std::string_view kVars = "vars.", kEnv = "env:", kSecret = "secret:";

/// One "${…}" of a text.
struct Reference {
  std::size_t begin = 0, end = 0;  ///< with the braces
  std::string inside;
};

std::optional<Reference> next_reference(const std::string& text, std::size_t from) {
  const auto begin = text.find("${", from);
  if (begin == std::string::npos) return std::nullopt;
  const auto close = text.find('}', begin);
  if (close == std::string::npos) return std::nullopt;
  return Reference{begin, close + 1, text.substr(begin + 2, close - begin - 2)};
}

/// "var.x", "varsx", "envs:X": nearly one of ours. What the shell writes (${HOME}, ${x:-y}) is not.
std::string_view nearly(std::string_view inside) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kSlips{{{"var.", "${vars.NAME}"},
                                                                                 {"vars:", "${vars.NAME}"},
                                                                                 {"var:", "${vars.NAME}"},
                                                                                 {"env.", "${env:NAME}"},
                                                                                 {"envs:", "${env:NAME}"},
                                                                                 {"secrets:", "${secret:NAME}"},
                                                                                 {"secret.", "${secret:NAME}"},
                                                                                 {"secrets.", "${secret:NAME}"}}};
  for (const auto& [slip, right] : kSlips)
    if (inside.starts_with(slip)) return right;
  return {};
}

class Resolver {
 public:
  Resolver(const Variables& variables, const SourceFile& file) : variables_(variables), file_(file) {}

  void walk(YamlNode& node) {
    if (node.kind == YamlNode::Kind::scalar && node.text.find("${") != std::string::npos) scalar(node);
    for (auto& item : node.items) walk(item);
    for (auto& entry : node.entries) walk(entry.value);
  }

 private:
  void scalar(YamlNode& node) {
    const auto first = next_reference(node.text, 0);
    if (first && first->begin == 0 && first->end == node.text.size() && first->inside.starts_with(kVars))
      return whole(node, *first);
    std::string result;
    std::size_t done = 0;
    bool changed = false;
    while (const auto reference = next_reference(node.text, done)) {
      if (reference->begin > done && node.text[reference->begin - 1] == '$') {
        result.append(node.text, done, reference->begin - done - 1).append("${");
        done = reference->begin + 2;
        changed = true;
        continue;
      }
      result.append(node.text, done, reference->begin - done);
      const auto value = value_of(node, *reference);
      if (value)
        result += *value;
      else
        result.append(node.text, reference->begin, reference->end - reference->begin);
      changed = changed || value.has_value();
      done = reference->end;
    }
    if (!changed) return;
    node.text = result.append(node.text, done);
    node.quoted = true;
  }

  void whole(YamlNode& node, const Reference& reference) {
    const auto* var = find_var(node, reference);
    if (!var) return;
    const int line = node.line, column = node.column;
    node = *var;
    node.line = line;
    node.column = column;
  }

  const YamlNode* find_var(const YamlNode& node, const Reference& reference) {
    const auto name = reference.inside.substr(kVars.size());
    if (const auto it = variables_.vars.find(name); it != variables_.vars.end()) return &it->second;
    std::vector<std::string_view> names;
    for (const auto& [known, value] : variables_.vars) names.push_back(known);
    const auto hint = names.empty() ? "define it under vars: in assetd.yaml" : suggest(name, names);
    file_.error(file_.at(node, reference.begin), "the variable \"" + name + "\" is not defined under vars:", hint);
    return nullptr;
  }

  /// Nothing: it stays as it is written.
  std::optional<std::string> value_of(const YamlNode& node, const Reference& reference) {
    if (reference.inside.starts_with(kVars)) return var(node, reference);
    if (reference.inside.starts_with(kEnv)) return environment(node, reference);
    if (const auto right = nearly(reference.inside); !right.empty())
      file_.error(file_.at(node, reference.begin), "\"${" + reference.inside + "}\" is no variable",
                  "write " + std::string(right) + ", or $${ for a literal ${");
    return std::nullopt;
  }

  std::optional<std::string> var(const YamlNode& node, const Reference& reference) {
    const auto* value = find_var(node, reference);
    if (!value) return std::nullopt;
    if (value->kind == YamlNode::Kind::scalar || value->kind == YamlNode::Kind::null) return value->text;
    file_.error(file_.at(node, reference.begin),
                "the variable \"" + reference.inside.substr(kVars.size()) + "\" is no text and can't stand within one",
                "let it be the whole value");
    return std::nullopt;
  }

  std::optional<std::string> environment(const YamlNode& node, const Reference& reference) {
    const auto inside = reference.inside.substr(kEnv.size());
    const auto split = inside.find(":-");
    const auto name = inside.substr(0, split);
    const auto value = variables_.env ? variables_.env(name) : std::nullopt;
    const auto where = file_.at(node, reference.begin);
    if (value && !find_invalid_utf8(*value)) return value;
    if (value)
      file_.error(where, "the environment variable " + name + " is not UTF-8", "set it to UTF-8 text");
    else if (split != std::string::npos)
      return inside.substr(split + 2);
    else
      file_.error(where, "the environment variable " + name + " is not set",
                  "set it, or give a default: ${env:" + name + ":-…}");
    return std::nullopt;
  }

  const Variables& variables_;
  const SourceFile& file_;
};

}  // namespace

void resolve_variables(YamlNode& node, const Variables& variables, const SourceFile& file) {
  Resolver(variables, file).walk(node);
}

std::optional<std::size_t> find_secret(std::string_view text) {
  const auto at = text.find("${secret:");
  return at == std::string_view::npos ? std::nullopt : std::optional(at);
}

}  // namespace assetd
