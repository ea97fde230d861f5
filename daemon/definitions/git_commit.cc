#include "daemon/definitions/git_commit.h"

#include <filesystem>
#include <fstream>

namespace assetd {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kDigitsShown = 12;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The folder with HEAD: `.git`, or where a file of that name points (a work tree of its own, a submodule).
fs::path git_dir(const fs::path& root) {
  std::error_code none;
  const auto git = root / ".git";
  if (fs::is_directory(git, none)) return git;
  const auto line = first_line(git);
  constexpr std::string_view kPointer = "gitdir: ";
  return line.starts_with(kPointer) ? (root / line.substr(kPointer.size())).lexically_normal() : fs::path();
}

std::string packed(const fs::path& dir, const std::string& name) {
  std::ifstream file(dir / "packed-refs");
  for (std::string line; std::getline(file, line);)
    if (line.size() >= name.size() + 41 && line.ends_with(" " + name)) return line.substr(0, line.find(' '));
  return "";
}

std::string commit_in(const fs::path& dir) {
  const auto head = first_line(dir / "HEAD");
  constexpr std::string_view kReference = "ref: ";
  if (!head.starts_with(kReference)) return head;
  const auto name = head.substr(kReference.size());
  const auto shared = first_line(dir / "commondir");
  for (const auto& place : {dir, shared.empty() ? dir : (dir / shared).lexically_normal()}) {
    auto commit = first_line(place / name);
    if (commit.empty()) commit = packed(place, name);
    if (!commit.empty()) return commit;
  }
  return "";
}

}  // namespace

std::string head_commit(const std::string& dir) {
  for (auto root = fs::path(dir);; root = root.parent_path()) {
    std::error_code none;
    if (fs::exists(root / ".git", none)) {
      const auto commit = commit_in(git_dir(root));
      const bool is_one = commit.size() >= 40 && commit.find_first_not_of("0123456789abcdef") == std::string::npos;
      return is_one ? commit.substr(0, kDigitsShown) : "";
    }
    if (root == root.parent_path()) return "";
  }
}

}  // namespace assetd
