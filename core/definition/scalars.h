#pragma once
// What YAML scalars mean: the core schema of YAML 1.2 (so that `no` and `on` are texts, as JSON has it).

#include <nlohmann/json.hpp>
#include <optional>

#include "core/definition/source_file.h"
#include "core/definition/yaml_tree.h"

namespace assetd {

std::optional<bool> as_boolean(const YamlNode& node);
std::optional<std::int64_t> as_integer(const YamlNode& node);
std::optional<double> as_number(const YamlNode& node);

/// "a text", "a list", …: what stands there, for errors.
std::string describe_kind(const YamlNode& node);

nlohmann::json to_json(const YamlNode& node);

/// JSON pointers of every key and item below `node` with their places; a key's place is the key itself. `node` itself
/// is "".
std::map<std::string, SourceRef> pointers_of(const YamlNode& node, const SourceFile& file);

}  // namespace assetd
