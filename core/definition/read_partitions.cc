// partitions: of an asset, and of its dependencies.
#include "core/definition/partitions_json.h"
#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/partition/mapping.h"

namespace assetd {

std::optional<PartitionsSpec> read_partitions(const Reading& reading, MapReader& asset) {
  const auto* node = asset.take("partitions");
  if (!node) return std::nullopt;
  auto spec = partitions_from_json(to_json(*node), reading.timezone);
  if (spec) return std::move(*spec);
  std::string pointer;
  for (const auto& key : spec.error().path) pointer += "/" + key;
  const auto places = pointers_of(*node, asset.file());
  const auto place = places.find(pointer);
  asset.file().error(place == places.end() ? asset.file().at(*node) : place->second, spec.error().message, spec.error().hint);
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
