// Keys of features that are not there yet: checked in form and kept, so that a project can be written for them, and
// said to be without effect.
#include <algorithm>

#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/definition/sizes.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {

void check_partitions(MapReader& asset, const YamlNode& node) {
  const auto& file = asset.file();
  MapReader reader(file, node, "partitions:");
  int kinds = 0;
  for (const auto* kind : {"hourly", "daily", "weekly", "monthly"}) {
    const auto* value = reader.take(kind);
    if (!value) continue;
    ++kinds;
    MapReader window(file, *value, kind + std::string(":"));
    window.required_text("start");
    window.text("end");
    if (const auto zone = window.text("timezone"); zone && !is_timezone(*zone))
      file.error(window.at("timezone"), "there is no time zone \"" + *zone + "\"",
                 "did you mean \"" + nearest_timezone(*zone) + "\"?");
    window.refuse_rest();
  }
  for (const auto* kind : {"static", "multi", "dynamic"}) kinds += reader.take(kind) != nullptr;
  reader.refuse_rest();
  if (reader.is_map() && kinds != 1 && reader.rest().empty())
    file.error(node, "partitions: takes one of hourly, daily, weekly, monthly, static, dynamic and multi");
}

void keep(Reading& reading, const AssetSpec& asset, const char* key, const YamlNode& node) {
  reading.definitions().settings["assets"][asset.key][key] = to_json(node);
}

}  // namespace

void warn_not_in_force(Reading& reading, const SourceRef& where, const std::string& what) {
  reading.problems.warn(where, what + " accepted, not yet in force");
}

void read_later_keys(Reading& reading, MapReader& asset, AssetSpec& spec) {
  if (const auto* partitions = asset.take("partitions")) {
    check_partitions(asset, *partitions);
    keep(reading, spec, "partitions", *partitions);
    warn_not_in_force(reading, asset.at("partitions"), "\"partitions\"");
  }
}

void read_retention(Reading& reading, MapReader& project) {
  const auto* node = project.take("retention");
  if (!node) return;
  MapReader reader(project.file(), *node, "retention:");
  for (const auto* kept : {"events", "logs", "runs", "artifacts"}) reader.duration(kept);
  if (const auto* size = reader.take("max_bytes");
      size && !(size->kind == YamlNode::Kind::scalar && parse_size(size->text)))
    reader.refuse("max_bytes", *size, "a size", "as in 500MB or 20GB");
  if (reader.take("artifacts")) warn_not_in_force(reading, reader.at("artifacts"), "\"artifacts\" of \"retention\"");
  reader.refuse_rest();
  reading.definitions().settings["retention"] = to_json(*node);
}

}  // namespace assetd
