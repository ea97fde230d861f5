#pragma once
// ${vars.x}, ${env:NAME} and ${env:NAME:-default} are resolved when the project is read; ${secret:NAME} stays until a
// process is started.
// "$${" stands for "${". Other "${…}" are left alone: they are the shell's.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/definition/source_file.h"
#include "core/definition/yaml_tree.h"

namespace assetd {

struct Variables {
  std::map<std::string, YamlNode> vars;
  std::function<std::optional<std::string>(const std::string&)> env;
};

/// Resolves in every scalar below `node`, keys excepted. A scalar that is nothing but one ${vars.x} becomes that value
/// with its type.
void resolve_variables(YamlNode& node, const Variables& variables, const SourceFile& file);

/// Where the first ${secret:…} of a text begins.
std::optional<std::size_t> find_secret(std::string_view text);

}  // namespace assetd
