#include "daemon/definitions/plugin.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/definition/map_reader.h"
#include "core/definition/problems.h"
#include "daemon/definitions/files.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;
constexpr int kProtocol = 1;

nlohmann::json read_schema(MapReader& reader, std::string_view key, const fs::path& dir) {
  const auto name = reader.text(key);
  if (!name) return nullptr;
  const auto text = read_file((dir / *name).string());
  if (!text) {
    reader.file().error(reader.at(key), text.error());
    return nullptr;
  }
  auto schema = nlohmann::json::parse(*text, nullptr, false);
  if (schema.is_discarded()) reader.file().error(reader.at(key), *name + " is no JSON");
  return schema.is_discarded() ? nlohmann::json(nullptr) : schema;
}

Plugin read_plugin(MapReader& reader, const fs::path& dir) {
  Plugin plugin;
  plugin.dir = dir.string();
  plugin.name = reader.required_text("name");
  plugin.version = reader.text("version").value_or("");
  reader.require("protocol");
  plugin.protocol = static_cast<int>(reader.integer("protocol", 1, 1'000).value_or(kProtocol));
  if (plugin.protocol > kProtocol)
    reader.file().error(reader.at("protocol"), "protocol " + std::to_string(plugin.protocol) +
                                                   " is newer than this daemon's " + std::to_string(kProtocol));
  reader.require("command");
  plugin.command = reader.texts("command");
  plugin.stop_signal = reader.text("stop_signal").value_or("TERM");
  plugin.serve = reader.boolean("serve").value_or(false);
  plugin.config_schema = read_schema(reader, "config_schema", dir);
  plugin.run_schema = read_schema(reader, "run_schema", dir);
  plugin.options_schema = read_schema(reader, "options_schema", dir);
  reader.take("description");
  reader.refuse_rest();
  return plugin;
}

std::string in_one_line(const DefinitionError& error) {
  auto line = error.source.file + ":" + std::to_string(error.source.line) + ":" + std::to_string(error.source.column) +
              ": " + error.message;
  return error.hint.empty() ? line : line + " (" + error.hint + ")";
}

void add_plugin(const fs::path& manifest, std::map<std::string, Plugin>& plugins, std::vector<std::string>& errors) {
  const auto text = read_file(manifest.string());
  if (!text) return errors.push_back(text.error());
  const std::vector<ProjectFile> files{{manifest.string(), *text}};
  Problems problems(files);
  const SourceFile file(manifest.string(), problems);
  auto yaml = read_yaml(*text);
  for (const auto& error : yaml.errors) file.error(file.at(error.line, error.column), error.message, error.hint);
  if (yaml.errors.empty()) {
    MapReader reader(file, yaml.root, "plugin.yaml");
    auto plugin = read_plugin(reader, manifest.parent_path());
    if (!problems.any() && reader.is_map()) plugins.try_emplace(plugin.name, std::move(plugin));
  }
  for (const auto& error : problems.take_errors()) errors.push_back(in_one_line(error));
}

}  // namespace

std::map<std::string, Plugin> find_plugins(const std::vector<std::string>& dirs, std::vector<std::string>& errors) {
  std::map<std::string, Plugin> plugins;
  for (const auto& dir : dirs) {
    std::vector<fs::path> manifests;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(dir, ignored))
      if (fs::is_regular_file(entry.path() / "plugin.yaml", ignored)) manifests.push_back(entry.path() / "plugin.yaml");
    std::ranges::sort(manifests);
    for (const auto& manifest : manifests) add_plugin(manifest, plugins, errors);
  }
  return plugins;
}

std::vector<std::string> plugin_dirs(const std::string& program, const std::string& project_dir) {
  std::vector<std::string> dirs;
  if (const char* listed = std::getenv("ASSETD_PLUGINS")) {
    std::string_view rest = listed;
    while (!rest.empty()) {
      const auto end = rest.find(':');
      if (const auto dir = rest.substr(0, end); !dir.empty())
        dirs.push_back(fs::absolute(dir).lexically_normal().string());
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  dirs.push_back((fs::path(project_dir) / "plugins").string());
  std::error_code ignored;
  auto executable = fs::canonical(program, ignored);
  if (executable.empty()) executable = program;
  dirs.push_back((executable.parent_path().parent_path() / "share/assetd/plugins").string());
  return dirs;
}

}  // namespace assetd
