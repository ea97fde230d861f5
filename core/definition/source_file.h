#pragma once
#include <string>
#include <string_view>

#include "core/definition/problems.h"
#include "core/definition/yaml_tree.h"

namespace assetd {

/// One file of the project while it is read: turns places in it into SourceRefs and its relative paths into the
/// project's.
class SourceFile {
 public:
  SourceFile(std::string path, Problems& problems) : path_(std::move(path)), problems_(problems) {}

  const std::string& path() const { return path_; }
  SourceRef at(int line, int column) const { return {path_, line, column}; }
  SourceRef at(const YamlNode& node) const { return at(node.line, node.column); }
  SourceRef key_at(const YamlEntry& entry) const { return at(entry.line, entry.column); }
  /// Within a scalar: `offset` bytes after its first character. A scalar of several lines is pointed at as a whole.
  SourceRef at(const YamlNode& scalar, std::size_t offset) const;

  Problems& problems() const { return problems_; }
  void error(const SourceRef& source, std::string message, std::string hint = {}) const {
    problems_.error(source, std::move(message), std::move(hint));
  }
  void error(const YamlNode& node, std::string message, std::string hint = {}) const {
    problems_.error(at(node), std::move(message), std::move(hint));
  }

  /// A path as this file names it, as the project sees it: absolute ones stay, others become relative to the project's
  /// folder.
  std::string project_path(std::string_view path) const;

 private:
  std::string path_;
  Problems& problems_;
};

}  // namespace assetd
