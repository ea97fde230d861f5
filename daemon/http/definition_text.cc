#include "daemon/http/definition_text.h"

#include <algorithm>
#include <fstream>

namespace assetd::http {
namespace {

constexpr std::size_t kMaxBytes = 64 * 1024;

std::size_t indent_of(const std::string& line) { return std::min(line.find_first_not_of(' '), line.size()); }
bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

bool is_project_yaml(const std::string& file) {
  const bool yaml = file.ends_with(".yaml") || file.ends_with(".yml");
  return yaml && !file.empty() && file.front() != '/' && file.find("..") == std::string::npos;
}

}  // namespace

std::optional<std::string> definition_text(const std::string& project_dir, const SourceRef& source) {
  if (project_dir.empty() || source.line < 1 || !is_project_yaml(source.file)) return std::nullopt;
  std::ifstream file(project_dir + "/" + source.file);
  std::string line, out, blanks;
  std::size_t indent = 0;
  for (int number = 1; std::getline(file, line); ++number) {
    if (number < source.line) continue;
    if (number == source.line) indent = indent_of(line);
    if (is_blank(line)) {
      blanks += "\n";
      continue;
    }
    if (number > source.line && indent_of(line) <= indent) break;
    out += blanks + line + "\n";
    blanks.clear();
    if (out.size() > kMaxBytes) break;
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

}  // namespace assetd::http
