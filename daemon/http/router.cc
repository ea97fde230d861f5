#include "daemon/http/router.h"

#include <algorithm>
#include <set>

#include "core/graph/asset_key.h"
#include "daemon/http/url.h"

namespace assetd::http {
namespace {

bool is_parameter(std::string_view part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

const PathParam* find_param(const Route& route, std::string_view name) {
  const auto found = std::ranges::find(route.path, name, &PathParam::name);
  return found == route.path.end() ? nullptr : &*found;
}

std::string allow_header(const std::set<std::string>& methods) {
  std::string out;
  for (const auto& method : methods) out += method + ", ";
  if (methods.contains("GET")) out += "HEAD, ";
  return out + "OPTIONS";
}

}  // namespace

std::string Call::path_of(const std::string& name) const {
  const auto found = path.find(name);
  return found == path.end() ? "" : found->second;
}

Router::Router(const std::vector<Route>& table) {
  for (const auto& route : table) entries_.push_back({&route, *path_parts(route.pattern)});
}

bool Router::fits(const Compiled& entry, const std::vector<std::string>& parts, std::map<std::string, std::string>* path) {
  if (entry.parts.size() != parts.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string& pattern = entry.parts[i];
    if (!is_parameter(pattern)) {
      if (pattern != parts[i]) return false;
      continue;
    }
    if (parts[i].empty()) return false;
    if (!path) continue;
    const std::string name = pattern.substr(1, pattern.size() - 2);
    std::string value = parts[i];
    const PathParam* param = find_param(*entry.route, name);
    if (param && param->kind == PathParam::Kind::key) std::ranges::replace(value, ':', '/');
    (*path)[name] = value;
  }
  return true;
}

std::variant<RouteMatch, WrongMethod, NoRoute, BadPath> Router::match(std::string_view method, std::string_view path) const {
  const auto parts = path_parts(path);
  if (!parts) return BadPath{};
  std::set<std::string> methods;
  for (const auto& entry : entries_) {
    if (!fits(entry, *parts, nullptr)) continue;
    if (entry.route->method != method) {
      methods.insert(entry.route->method);
      continue;
    }
    RouteMatch found{entry.route, {}};
    fits(entry, *parts, &found.path);
    return found;
  }
  if (!methods.empty()) return WrongMethod{allow_header(methods)};
  std::vector<std::string_view> patterns;
  for (const auto& entry : entries_) patterns.push_back(entry.route->pattern);
  return NoRoute{nearest_name(path, patterns)};
}

}  // namespace assetd::http
