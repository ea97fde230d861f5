#include "core/definition/lexical_path.h"

#include <vector>

namespace assetd {

std::string normal_path(std::string_view path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..")
      parts.pop_back();
    else if (part != ".." || !absolute)
      parts.push_back(part);
  }
  std::string result = absolute ? "/" : "";
  for (const auto part : parts) result += (result.empty() || result == "/" ? "" : "/") + std::string(part);
  return result.empty() ? "." : result;
}

std::string joined_path(std::string_view base, std::string_view path) {
  if (path.starts_with('/')) return normal_path(path);
  return normal_path(std::string(base) + (base.empty() ? "" : "/") + std::string(path));
}

std::string_view parent_path(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash == 0 ? 1 : slash);
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace assetd
