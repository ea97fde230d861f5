// retention: how long what happened is kept. The ages stay as written, core/definition/retention.h reads them.
#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/definition/sizes.h"

namespace assetd {

void read_retention(Reading& reading, MapReader& project) {
  const auto* node = project.take("retention");
  if (!node) return;
  MapReader reader(project.file(), *node, "retention:");
  for (const auto* kept : {"events", "logs", "runs", "artifacts"}) reader.duration(kept);
  if (const auto* size = reader.take("max_bytes");
      size && !(size->kind == YamlNode::Kind::scalar && parse_size(size->text)))
    reader.refuse("max_bytes", *size, "a size", "as in 500MB or 20GB");
  reader.refuse_rest();
  reading.definitions().settings["retention"] = to_json(*node);
}

}  // namespace assetd
