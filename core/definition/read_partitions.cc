// partitions: of an asset, and of its dependencies.
#include "core/definition/partitions_json.h"
#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/partition/mapping.h"

namespace assetd {
namespace {

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

}  // namespace

std::optional<PartitionsSpec> read_partitions(const Reading& reading, MapReader& asset) {
  const auto* node = asset.take("partitions");
  if (!node) return std::nullopt;
  auto spec = partitions_from_json(to_json(*node), reading.timezone);
  const auto wrong = spec ? bad_name(*spec) : std::optional(spec.error());
  if (!wrong) return std::move(*spec);
  asset.file().error(place_of(*wrong, *node, asset.file()), wrong->message, wrong->hint);
  return std::nullopt;
}

nlohmann::json read_partition_mapping(MapReader& dependency) {
  const auto* node = dependency.take("partitions");
  if (!node) return nullptr;
  auto mapping = to_json(*node);
  if (const auto checked = check_mapping(mapping); checked) return mapping;
  else dependency.file().error(*node, "partitions: " + checked.error(), "docs/partitions.md shows what each means");
  return nullptr;
}

}  // namespace assetd
