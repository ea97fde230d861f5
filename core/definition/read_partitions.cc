// partitions: of an asset, and of its dependencies.
#include <algorithm>

#include "core/definition/partitions_json.h"
#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/partition/mapping.h"

namespace assetd {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kNoDimensions = "|";  // no dimension has this name

/// The key that is wrong, or the character of its value.
SourceRef place_of(const PartitionsJsonError& error, const YamlNode& partitions, const SourceFile& file) {
  std::string pointer;
  const auto* value = &partitions;
  for (const auto& key : error.path) {
    pointer += "/" + key;
    if (value) value = value->find(key);
  }
  if (error.column > 0 && value) return file.at(*value, static_cast<std::size_t>(error.column - 1));
  const auto places = pointers_of(partitions, file);
  const auto place = places.find(pointer);
  return place == places.end() ? file.at(partitions) : place->second;
}

/// All that stands there as it is written: 01 is the text "01", which as a number would be 1.
Json texts_of(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::scalar) return node.text;
  if (node.kind == YamlNode::Kind::null) return nullptr;
  auto json = node.kind == YamlNode::Kind::map ? Json::object() : Json::array();
  for (const auto& item : node.items) json.push_back(texts_of(item));
  for (const auto& entry : node.entries) json[entry.key] = texts_of(entry.value);
  return json;
}

/// As to_json(), but for what names partitions: that is below one of `names`. Below `dimensions` each is of the same form once more.
Json with_names_as_written(const YamlNode& node, const std::vector<std::string_view>& names, std::string_view dimensions) {
  if (node.kind != YamlNode::Kind::map) return to_json(node);
  auto json = Json::object();
  for (const auto& entry : node.entries) {
    const bool named = std::ranges::find(names, entry.key) != names.end();
    auto& into = json[entry.key] = named ? texts_of(entry.value) : to_json(entry.value);
    if (entry.key != dimensions) continue;
    for (const auto& dimension : entry.value.entries) into[dimension.key] = with_names_as_written(dimension.value, names, kNoDimensions);
  }
  return json;
}

}  // namespace

std::optional<PartitionsSpec> read_partitions(const Reading& reading, MapReader& asset) {
  const auto* node = asset.take("partitions");
  if (!node) return std::nullopt;
  auto spec = partitions_from_json(with_names_as_written(*node, {"static", "dynamic"}, "multi"), reading.timezone);
  const auto wrong = spec ? bad_name(*spec) : std::optional(spec.error());
  if (!wrong) return std::move(*spec);
  asset.file().error(place_of(*wrong, *node, asset.file()), wrong->message, wrong->hint);
  return std::nullopt;
}

nlohmann::json read_partition_mapping(MapReader& dependency) {
  const auto* node = dependency.take("partitions");
  if (!node) return nullptr;
  auto mapping = with_names_as_written(*node, {"only", "map"}, "dimensions");
  if (const auto checked = check_mapping(mapping); checked) return mapping;
  else dependency.file().error(*node, "partitions: " + checked.error(), "docs/partitions.md shows what each means");
  return nullptr;
}

}  // namespace assetd
