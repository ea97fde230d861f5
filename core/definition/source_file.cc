#include "core/definition/source_file.h"

#include "core/definition/lexical_path.h"

namespace assetd {

SourceRef SourceFile::at(const YamlNode& scalar, std::size_t offset) const {
  if (scalar.text.find('\n') != std::string::npos) return at(scalar);
  return at(scalar.line, scalar.column + static_cast<int>(offset) + (scalar.quoted ? 1 : 0));
}

std::string SourceFile::project_path(std::string_view path) const {
  if (path.empty()) return "";
  return joined_path(parent_path(path_), path);
}

}  // namespace assetd
