#include "daemon/definitions/source_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace assetd {
namespace {

namespace fs = std::filesystem;
constexpr std::uintmax_t kLargest = 1 << 20;  // what is larger is no code that somebody wrote

bool ends_as_code_does(const std::string& name) {
  constexpr std::array<std::string_view, 16> kEndings{".py", ".sh", ".bash", ".sql", ".r", ".R", ".jl", ".js", ".mjs", ".ts", ".rb", ".pl", ".lua", ".php", ".awk", ".jq"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace

std::vector<std::string> source_files(const AssetSpec& asset, const std::string& project_dir) {
  std::vector<std::string> found;
  if (!asset.run || asset.external) return found;
  const auto dir = fs::path(project_dir) / asset.run->cwd;
  for (const auto& argument : asset.run->command) {
    const bool program = &argument == &asset.run->command.front() && argument.find('/') != std::string::npos;
    if (argument.size() > 4096 || (!program && !ends_as_code_does(argument))) continue;
    const auto path = (dir / argument).lexically_normal();
    const auto inside = path.lexically_relative(project_dir);
    std::error_code none;
    if (inside.empty() || *inside.begin() == ".." || !fs::is_regular_file(path, none) || fs::file_size(path, none) > kLargest) continue;
    found.push_back(path.string());
  }
  return found;
}

}  // namespace assetd
