// exposures: what people use that is made from assets.
#include "core/definition/reading.h"

namespace assetd {

void read_exposure(Reading& reading, const SourceFile& file, const YamlNode& node) {
  MapReader reader(file, node, "an exposure");
  if (!reader.is_map()) return;
  ExposureSpec exposure;
  exposure.source = reader.at();
  exposure.name = read_name(reader);
  exposure.type = reader.text("type").value_or("");
  exposure.owner = reader.text("owner").value_or("");
  exposure.url = reader.text("url").value_or("");
  exposure.description = reader.text("description").value_or("");
  if (reader.require("depends_on")) exposure.depends_on = reader.texts("depends_on");
  reader.refuse_rest();
  if (!exposure.name.empty()) reading.definitions().exposures.push_back(std::move(exposure));
}

}  // namespace assetd
