// Keys of features that are not there yet: checked in form and kept, so that a project can be written for them, and
// said to be without effect.
#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/definition/sizes.h"

namespace assetd {

void warn_not_in_force(Reading& reading, const SourceRef& where, const std::string& what) {
  reading.problems.warn(where, what + " accepted, not yet in force");
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
