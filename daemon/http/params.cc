#include "daemon/http/params.h"

#include <algorithm>
#include <charconv>

#include "core/graph/asset_key.h"
#include "core/schedule/cron.h"
#include "daemon/http/url.h"

namespace assetd::http {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between = ", ") {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

std::string with_nearest(std::string sentence, std::string_view wrong, const std::vector<std::string>& names) {
  const std::string nearest = nearest_name(wrong, {names.begin(), names.end()});
  if (!nearest.empty()) return sentence + "; nearest: '" + nearest + "'";
  return sentence + (names.empty() ? "; this route takes no parameters" : "; there are: " + joined(names));
}

std::optional<std::pair<std::int64_t, std::int64_t>> parse_range(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto from = parse_integer(text.substr(0, dash)), to = parse_integer(text.substr(dash + 1));
  if (!from || !to || *from < 1 || *to < *from) return std::nullopt;
  return std::pair(*from, *to);
}

std::optional<std::string> wrong_choice(const Param& param, std::string_view value) {
  if (std::ranges::find(param.choices, value) != param.choices.end()) return std::nullopt;
  return with_nearest("'" + std::string(value) + "' is not a value of '" + param.name + "'", value, param.choices);
}

bool is_named(const Param& param, const std::string& name) {
  if (param.kind != Param::Kind::dotted) return param.name == name;
  return std::ranges::any_of(param.choices, [&](const std::string& choice) { return name.starts_with(choice + ".") && name.size() > choice.size() + 1; });
}

/// What is wrong with the value, or nothing.
std::optional<std::string> complaint(const Param& param, const std::string& value) {
  const auto expected = [&](const std::string& what) { return "'" + param.name + "' must be " + what + ", not '" + value + "'"; };
  switch (param.kind) {
    case Param::Kind::integer: {
      const auto number = parse_integer(value);
      if (number && *number >= param.min && *number <= param.max) return std::nullopt;
      return expected("a whole number from " + std::to_string(param.min) + " to " + std::to_string(param.max));
    }
    case Param::Kind::choice:
      return wrong_choice(param, value);
    case Param::Kind::choices:
      for (const auto& word : split_list(value))
        if (auto wrong = wrong_choice(param, word)) return wrong;
      return std::nullopt;
    case Param::Kind::time:
      if (parse_time(value)) return std::nullopt;
      return expected("a time such as 2026-11-22T02:00:00Z");
    case Param::Kind::range:
      if (parse_range(value)) return std::nullopt;
      return expected("FROM-TO, counted from 1");
    case Param::Kind::text:
    case Param::Kind::dotted:
    case Param::Kind::names:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string Params::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second;
}

std::optional<std::int64_t> Params::integer(const std::string& name) const { return parse_integer(text(name)); }
std::vector<std::string> Params::list(const std::string& name) const { return split_list(text(name)); }
std::optional<WallTime> Params::time(const std::string& name) const { return parse_time(text(name)); }

std::optional<std::pair<std::int64_t, std::int64_t>> Params::range(const std::string& name) const {
  return parse_range(text(name));
}

std::vector<std::pair<std::string, std::string>> Params::dotted(const std::string& choice) const {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& each : values_)
    if (each.first.starts_with(choice + ".")) found.push_back(each);
  return found;
}

std::expected<Params, std::vector<FieldError>> read_params(std::string_view query, const std::vector<Param>& declared) {
  const auto pairs = parse_query(query);
  if (!pairs) return std::unexpected(std::vector<FieldError>{{"", pairs.error()}});
  Params params;
  std::vector<FieldError> errors;
  std::vector<std::string> names;
  for (const auto& param : declared) {
    if (param.kind != Param::Kind::dotted) names.push_back(param.name);
    else for (const auto& choice : param.choices) names.push_back(choice + ".NAME");
  }
  for (const auto& [name, value] : *pairs) {
    const auto param = std::ranges::find_if(declared, [&](const Param& each) { return is_named(each, name); });
    if (param == declared.end()) {
      errors.push_back({"/" + name, with_nearest("unknown query parameter '" + name + "'", name, names)});
    } else if (params.has(name)) {
      errors.push_back({"/" + name, "the query parameter '" + name + "' is given twice"});
    } else {
      params.set(name, value);
      // Text and lists may be left open, as forms send them; there is no empty number or time.
      const bool may_be_empty = param->kind == Param::Kind::text || param->kind == Param::Kind::names || param->kind == Param::Kind::choices;
      if (value.empty() && may_be_empty) continue;
      if (auto wrong = complaint(*param, value)) errors.push_back({"/" + name, *wrong});
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  for (const auto& param : declared)
    if (param.fallback && params.text(param.name).empty()) params.set(param.name, std::to_string(*param.fallback));
  return params;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

nlohmann::json param_schema(const Param& param) {
  using nlohmann::json;
  switch (param.kind) {
    case Param::Kind::integer: {
      json schema = {{"type", "integer"}, {"minimum", param.min}, {"maximum", param.max}};
      if (param.fallback) schema["default"] = *param.fallback;
      return schema;
    }
    case Param::Kind::choice:
      return {{"type", "string"}, {"enum", param.choices}};
    case Param::Kind::choices:
      return {{"type", "array"}, {"items", {{"type", "string"}, {"enum", param.choices}}}};
    case Param::Kind::names:
      return {{"type", "array"}, {"items", {{"type", "string"}, {"pattern", "^[^,]+$"}}}};
    case Param::Kind::time:
      return {{"type", "string"}, {"format", "date-time"}};
    case Param::Kind::range:
      return {{"type", "string"}, {"pattern", "^[1-9][0-9]{0,8}-[1-9][0-9]{0,8}$"}};
    case Param::Kind::dotted:
      return {{"type", "object"}, {"patternProperties", {{"^(" + joined(param.choices, "|") + ")\\.[A-Za-z0-9_][A-Za-z0-9_./-]*$", {{"type", "string"}}}}}, {"additionalProperties", false}};
    case Param::Kind::text:
      break;
  }
  return {{"type", "string"}};
}

}  // namespace assetd::http
