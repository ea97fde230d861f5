#include "core/definition/source_file.h"

#include <filesystem>

namespace assetd {

SourceRef SourceFile::at(const YamlNode& scalar, std::size_t offset) const {
  if (scalar.text.find('\n') != std::string::npos) return at(scalar);
  return at(scalar.line, scalar.column + static_cast<int>(offset) + (scalar.quoted ? 1 : 0));
}

std::string SourceFile::project_path(std::string_view path) const {
  const std::filesystem::path given(path);
  if (path.empty() || given.is_absolute()) return given.lexically_normal().string();
  auto joined = (std::filesystem::path(path_).parent_path() / given).lexically_normal().string();
  if (joined.size() > 1 && joined.ends_with('/')) joined.pop_back();
  return joined;
}

}  // namespace assetd
