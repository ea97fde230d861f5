// outputs: the files that a command makes. Who looks at them is a program of ours that runs the command (plugins/exec_outputs).
#include <algorithm>

#include "core/definition/lexical_path.h"
#include "core/definition/outputs.h"
#include "core/definition/reading.h"
#include "core/definition/scalars.h"

namespace assetd {
namespace {

/// From the project; "" if it was refused.
std::string read_output(const MapReader& reader, const YamlNode& node) {
  const auto& file = reader.file();
  const auto text = read_text(file, node, "an item of \"outputs\"");
  if (!text) return "";
  if (text->empty()) {
    file.error(node, "an output is a path or a pattern, not \"\"");
    return "";
  }
  auto path = file.project_path(*text);
  const bool absolute = text->front() == '/', outside = path == ".." || path.starts_with("../");
  if (!absolute && !outside && path != ".") return path;
  file.error(node, "\"" + *text + "\" is no file " + (path == "." ? "in" : "of") + " the project",
             path == "." ? "name what the command makes: all of the project is more than that" : "write it relative to this file and within the project; of what lies elsewhere let the step report a data_version");
  return "";
}

}  // namespace

void read_outputs(const Reading& reading, MapReader& reader, RunSpec& run) {
  const auto* node = reader.take("outputs");
  if (!node) return;
  if (node->kind != YamlNode::Kind::sequence || node->items.empty())
    return reader.refuse("outputs", *node, "a list of paths and patterns", node->kind == YamlNode::Kind::scalar ? "write [" + node->text + "]" : "");
  std::vector<std::string> outputs;
  for (const auto& item : node->items)
    if (auto output = read_output(reader, item); !output.empty()) outputs.push_back(std::move(output));
  const auto& plugins = reading.context.plugins;
  if (std::ranges::find(plugins, kOutputsPlugin) == plugins.end())
    return reader.file().error(*node, "\"outputs\" needs the plugin \"" + std::string(kOutputsPlugin) + "\", which is not there",
                               "it comes with assetd, in share/assetd/plugins beside the program's folder");
  run.plugin = kOutputsPlugin;
  run.config = {{"command", run.command}, {"outputs", outputs}};
}

}  // namespace assetd
