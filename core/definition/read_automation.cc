// automation: the condition under which an asset is materialized without anybody asking.
#include <algorithm>

#include "core/automation/condition.h"
#include "core/definition/reading.h"

namespace assetd {

std::string read_automation(MapReader& reader) {
  const auto* node = reader.take("automation");
  if (!node) return "";
  const auto condition = reader.text("automation").value_or("");
  if (condition.empty() && node->kind == YamlNode::Kind::scalar) reader.file().error(reader.file().at(*node), "\"automation\" is empty", "write none, or leave it out");
  if (condition.empty() || condition == kNoAutomation) return condition;
  const auto parsed = parse_condition(condition);
  if (parsed) return condition;
  const auto offset = static_cast<std::size_t>(std::max(parsed.error().column - 1, 0));
  reader.file().error(reader.file().at(*node, offset), "bad condition \"" + condition + "\": " + parsed.error().message,
                      "as in eager, on_cron(\"0 6 * * *\", \"Europe/London\"), or any_deps_updated and not in_progress");
  return "";
}

SourceRef automation_source(const MapReader& reader) {
  const auto* node = reader.node().find("automation");
  if (!node) return {};
  auto source = reader.file().at(*node, 0);
  if (node->text.find('\n') != std::string::npos) source.column = 0;
  return source;
}

}  // namespace assetd
