// retention: how long what happened is kept. The ages stay as written, core/definition/retention.h reads them.
#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/definition/sizes.h"

namespace assetd {

void read_retention(Reading& reading, MapReader& project) {
  const auto* node = project.take("retention");
  if (!node) return;
  MapReader reader(project.file(), *node, "retention:");
  for (const auto* kept : {"events", "logs", "runs", "artifacts"})
    if (const auto age = reader.duration(kept); age && *age <= Millis{0}) reader.refuse(kept, *reader.take(kept), "longer than nothing, for at 0 all of it would be forgotten at once", "as in 90d; leave it out for what is usual");
  if (const auto* size = reader.take("max_bytes");
      size && !(size->kind == YamlNode::Kind::scalar && parse_size(size->text).value_or(0) > 0))
    reader.refuse("max_bytes", *size, "a size", "as in 500MB or 20GB");
  reader.refuse_rest();
  reading.definitions().settings["retention"] = to_json(*node);
}

}  // namespace assetd
