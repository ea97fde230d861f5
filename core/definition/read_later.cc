// Keys of features that are not there yet: checked in form and kept, so that a project can be written for them, and
// said to be without effect.
#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/definition/sizes.h"

namespace assetd {
void warn_not_in_force(Reading& reading, const SourceRef& where, const std::string& what) {
  reading.problems.warn(where, what + " accepted, not yet in force");
}

void read_sensor(Reading& reading, const SourceFile& file, const YamlNode& node) {
  MapReader reader(file, node, "a sensor");
  if (!reader.is_map()) return;
  read_name(reader);
  if (const auto* watched = reader.take("file")) {
    MapReader glob(file, *watched, "file:");
    glob.required_text("glob");
    glob.refuse_rest();
  }
  if (const auto* run = reader.take("run")) read_run(reading, file, *run, reading.process);
  reader.duration("every");
  reader.text("job");
  reader.boolean("paused");
  if (const auto* select = reader.take("select")) check_selection(file, *select);
  reader.refuse_rest();
  reading.definitions().settings["sensors"].push_back(to_json(node));
  warn_not_in_force(reading, file.at(node), "the sensor");
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
