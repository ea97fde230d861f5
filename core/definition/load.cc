#include "core/definition/load.h"
#include "core/definition/lexical_path.h"

#include <algorithm>

#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/definition/variables.h"

namespace assetd {
namespace {

using PartReader = void (*)(Reading&, const SourceFile&, const YamlNode&);

void read_list(Reading& reading, MapReader& reader, std::string_view key, PartReader read) {
  const auto* list = reader.take(key);
  if (!list) return;
  if (list->kind != YamlNode::Kind::sequence) return reader.refuse(key, *list, "a list");
  for (const auto& item : list->items) read(reading, reader.file(), item);
}

void read_map(Reading& reading, MapReader& reader, std::string_view key, PartReader read) {
  if (const auto* map = reader.take(key)) read(reading, reader.file(), *map);
}

/// What an included file may hold as well as assetd.yaml.
void read_parts(Reading& reading, MapReader& reader) {
  read_map(reading, reader, "resources", read_resource_definitions);
  read_map(reading, reader, "pools", read_pool_definitions);
  read_list(reading, reader, "imports", read_import);
  read_list(reading, reader, "assets", read_asset);
  read_list(reading, reader, "external", read_external);
  read_list(reading, reader, "jobs", read_job);
  read_list(reading, reader, "schedules", read_schedule);
  read_list(reading, reader, "sensors", read_sensor);
  read_list(reading, reader, "alerts", read_alert);
  read_list(reading, reader, "exposures", read_exposure);
}

void read_timezone(Reading& reading, MapReader& reader) {
  const auto timezone = reader.text("timezone");
  if (!timezone) return;
  reading.timezone = *timezone;
  reading.definitions().settings["timezone"] = *timezone;
}

void read_settings(Reading& reading, MapReader& reader) {
  const auto folder = std::string(file_name(reading.context.project_dir));
  reading.definitions().name = reader.text("name").value_or(folder);
  read_timezone(reading, reader);
  if (const auto* node = reader.take("definitions")) {
    MapReader definitions(reader.file(), *node, "definitions:");
    reading.definitions().settings["definitions"]["apply"] = definitions.choice("apply", {"auto", "manual"}).value_or("auto");
    definitions.refuse_rest();
  }
  reading.process = read_process(reader, {});
  reading.retries = read_retries(reading, reader, {});
  read_retention(reading, reader);
  read_run_limits(reading, reader);
  read_openlineage(reading, reader);
}

/// The keys of assetd.yaml that are worked off before its variables are known.
void read_include(MapReader& reader) { reader.texts("include"); }

std::vector<std::string_view> keys_of(const YamlNode& map) {
  std::vector<std::string_view> keys;
  for (const auto& entry : map.entries) keys.push_back(entry.key);
  return keys;
}

/// The chosen environment: its variables win, its schedules may be paused, and its pools, its resources and keys of its
/// imports are laid over those of the same name. Of the others the form is checked, and whether what they name is there.
class Overlay {
 public:
  Overlay(Reading& reading, const SourceFile& file) : reading_(reading), file_(file) {}

  void read(MapReader& project) {
    const auto& chosen = reading_.context.environment;
    reading_.definitions().environment = chosen;
    const auto& vars = entries_of_vars(project);
    for (const auto& entry : vars) project_vars_.push_back(entry.key);
    take_vars(vars);
    const auto* environments = project.take("environments");
    if (environments && environments->kind != YamlNode::Kind::map)
      return project.refuse("environments", *environments, "a mapping of names to overlays");
    project_resources_ = project.node().find("resources");
    if (environments)
      for (const auto& entry : environments->entries) read_one(entry, entry.key == chosen);
    if (chosen.empty() || (environments && environments->find(chosen))) return;
    file_.error(environments ? file_.at(*environments) : project.at(),
                "there is no environment \"" + chosen + "\" under environments:",
                environments && !environments->entries.empty() ? suggest(chosen, keys_of(*environments)) : "define it, or start without --env");
  }

  Variables variables() const { return {vars_, reading_.context.env}; }

  /// Of assetd.yaml: pools and resources, too.
  void lay_over_main(YamlNode& root) {
    for (auto& part : parts_) {
      resolve_variables(part.value, variables(), file_);
      lay_over_entry(root, part);
    }
    lay_over(root);
  }

  void lay_over(YamlNode& root) const {
    if (imports_.entries.empty()) return;
    for (auto& entry : root.entries)
      if (entry.key == "imports")
        for (auto& import : entry.value.items) lay_over_import(import);
  }

  /// Overlays of imports that are in no file, and variables that nothing defines or uses.
  void refuse_unknown(const std::vector<ImportSpec>& imports, const std::vector<ProjectFile>& files) const {
    std::vector<std::string_view> names;
    for (const auto& import : imports) names.push_back(import.name);
    for (const auto& entry : named_imports_)
      if (std::find(names.begin(), names.end(), entry.key) == names.end())
        file_.error(file_.key_at(entry), "there is no import named \"" + entry.key + "\"", names.empty() ? "leave it out: the project has no imports" : suggest(entry.key, names));
    const std::vector<std::string_view> known(project_vars_.begin(), project_vars_.end());
    for (const auto& [environment, entry] : environment_vars_) {
      const auto use = "${vars." + entry.key + "}";
      if (std::find(known.begin(), known.end(), entry.key) != known.end() || std::ranges::any_of(files, [&](const auto& file) { return file.text.find(use) != std::string::npos; })) continue;
      const auto near = suggest(entry.key, known);
      file_.error(file_.key_at(entry), "the environment \"" + environment + "\" sets the variable \"" + entry.key + "\", which vars: of the project does not define and nothing uses",
                  near.empty() ? "leave it out, or define it under vars:" : near);
    }
  }

 private:
  /// Nothing where there are none.
  const std::vector<YamlEntry>& entries_of_vars(MapReader& reader) const {
    static const std::vector<YamlEntry> none;
    const auto* vars = reader.take("vars");
    if (!vars) return none;
    if (vars->kind != YamlNode::Kind::map) reader.refuse("vars", *vars, "a mapping of names to values", "write {NAME: VALUE}");
    return vars->entries;
  }

  void take_vars(const std::vector<YamlEntry>& entries) {
    for (const auto& entry : entries) {
      auto value = entry.value;
      resolve_variables(value, {{}, reading_.context.env}, file_);
      vars_[entry.key] = std::move(value);
    }
  }

  void read_one(const YamlEntry& entry, bool chosen) {
    MapReader reader(file_, entry.value, "the environment \"" + entry.key + "\"");
    const auto& vars = entries_of_vars(reader);
    for (const auto& each : vars) environment_vars_.emplace_back(entry.key, each);
    if (chosen) take_vars(vars);
    const auto schedules = reader.choice("schedules", {"on", "paused"});
    if (chosen && schedules == "on") reading_.definitions().settings["schedules_on"] = true;
    if (chosen && schedules == "paused") {
      reading_.schedules_paused = true;
      reading_.definitions().settings["schedules_paused"] = true;
    }
    for (const auto* key : {"pools", "resources"}) {
      const auto* part = reader.take(key);
      if (part && part->kind != YamlNode::Kind::map)
        reader.refuse(key, *part, "a mapping of names, as at the project");
      else if (part && (std::string_view(key) != "resources" || check_resources(entry.key, *part)) && chosen)
        parts_.push_back({key, part->line, part->column, *part});
    }
    if (const auto* imports = reader.take("imports")) {
      if (imports->kind != YamlNode::Kind::map)
        reader.refuse("imports", *imports, "a mapping of import names to target and vars");
      else
        check_imports(*imports);
      if (chosen) imports_ = *imports;
    }
    reader.refuse_rest();
  }

  /// One that the project does not have is another, and has to be whole; without a kind it is taken to be a slip.
  bool check_resources(const std::string& environment, const YamlNode& resources) const {
    const auto known = project_resources_ ? keys_of(*project_resources_) : std::vector<std::string_view>();
    bool good = true;
    for (const auto& entry : resources.entries) {
      if (entry.value.find("kind") || std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
      good = false;
      const auto near = suggest(entry.key, known);
      file_.error(file_.key_at(entry), "the environment \"" + environment + "\" overlays the resource \"" + entry.key + "\", which resources: of assetd.yaml does not define",
                  (near.empty() ? "" : near + " ") + "a resource of this environment alone needs a kind:");
    }
    return good;
  }

  void check_imports(const YamlNode& imports) {
    for (const auto& entry : imports.entries) {
      named_imports_.push_back(entry);
      MapReader reader(file_, entry.value, "the overlay of the import \"" + entry.key + "\"");
      reader.text("target");
      if (const auto* vars = reader.take("vars"); vars && vars->kind != YamlNode::Kind::map)
        reader.refuse("vars", *vars, "a mapping of names to values", "write {NAME: VALUE}");
      reader.refuse_rest();
    }
  }

  void lay_over_import(YamlNode& import) const {
    const auto *name = import.find("name"), *plugin = import.find("plugin");
    const auto* own = name ? name : plugin;
    const auto* overlay = own ? imports_.find(own->text) : nullptr;
    if (!overlay) return;
    for (const auto& entry : overlay->entries) lay_over_entry(import, entry);
  }

  static void lay_over_entry(YamlNode& under, const YamlEntry& entry) {
    const auto it = std::find_if(under.entries.begin(), under.entries.end(),
                                 [&](const auto& known) { return known.key == entry.key; });
    if (it == under.entries.end()) {
      under.entries.push_back(entry);
    } else if (it->value.kind == YamlNode::Kind::map && entry.value.kind == YamlNode::Kind::map) {
      for (const auto& inner : entry.value.entries) lay_over_entry(it->value, inner);
    } else {
      it->value = entry.value;
    }
  }

  Reading& reading_;
  const SourceFile& file_;
  std::map<std::string, YamlNode> vars_;
  YamlNode imports_;
  std::vector<YamlEntry> parts_;  ///< pools, resources
  const YamlNode* project_resources_ = nullptr;
  std::vector<std::string> project_vars_;
  std::vector<std::pair<std::string, YamlEntry>> environment_vars_;  ///< of all environments, with whose
  std::vector<YamlEntry> named_imports_;                             ///< by any environment
};

void resolve_parts(YamlNode& root, const Variables& variables, const SourceFile& file) {
  for (auto& entry : root.entries)
    if (entry.key != "vars" && entry.key != "environments" && entry.key != "include")
      resolve_variables(entry.value, variables, file);
}

/// The tree of one file, or nothing when its syntax is bad: what follows from half a file would only mislead.
std::optional<YamlNode> read_tree(const ProjectFile& project_file, const SourceFile& file) {
  auto yaml = read_yaml(project_file.text);
  bool broken = false;
  for (auto& error : yaml.errors) {
    broken = broken || !error.message.starts_with("the key ");
    file.error(file.at(error.line, error.column), std::move(error.message), std::move(error.hint));
  }
  if (broken) return std::nullopt;
  if (yaml.root.line == 0) yaml.root.line = yaml.root.column = 1;
  return std::move(yaml.root);
}

void check_mentions(Reading& reading) {
  auto& definitions = reading.definitions();
  std::vector<std::string_view> pools{"default"}, resources;
  for (const auto& [name, pool] : definitions.pools) pools.push_back(name);
  for (const auto& [name, resource] : definitions.resources) resources.push_back(name);
  for (const auto& mention : reading.pools) {
    const auto pool = definitions.pools.find(mention.name);
    const bool known = pool != definitions.pools.end();
    const int size = known ? pool->second.slots : reading.context.default_slots;
    if (!known && mention.name != "default")
      reading.problems.error(mention.source, "there is no pool \"" + mention.name + "\"", suggest(mention.name, pools));
    else if (size > 0 && mention.slots > size)
      reading.problems.warn(mention.source, "asks for " + std::to_string(mention.slots) + " slots of the pool \"" +
                                                mention.name + "\", which has " + std::to_string(size) +
                                                ": it can never start until the pool grows");
  }
  for (const auto& mention : reading.resources)
    if (!definitions.resources.contains(mention.name))
      reading.problems.error(mention.source, "there is no resource \"" + mention.name + "\"",
                             resources.empty() ? "define it under resources:" : suggest(mention.name, resources));
}

class ProjectReader {
 public:
  ProjectReader(const std::vector<ProjectFile>& files, const LoadContext& context)
      : files_(files),
        problems_(files),
        reading_{context, problems_, {}, {}, {}, {}, false, {}, {}},
        main_(files[0].path, problems_),
        overlay_(reading_, main_) {}

  std::expected<ParsedProject, std::vector<DefinitionError>> read() {
    bool complete = read_main();
    for (std::size_t i = 1; i < files_.size(); ++i) complete = read_included(files_[i]) && complete;
    if (!complete) return std::unexpected(problems_.take_errors());
    overlay_.refuse_unknown(reading_.definitions().imports, files_);
    check_mentions(reading_);
    reading_.result.errors = problems_.take_errors();
    reading_.definitions().warnings = problems_.take_warnings();
    return std::move(reading_.result);
  }

 private:
  bool read_main() {
    auto root = read_tree(files_[0], main_);
    if (!root) return false;
    MapReader reader(main_, *root, "assetd.yaml");
    if (!reader.is_map()) {
      if (root->kind == YamlNode::Kind::null)
        main_.error(*root, "assetd.yaml is empty", "give it at least a name: and an asset under assets:");
      return false;
    }
    overlay_.read(reader);
    read_include(reader);
    resolve_parts(*root, overlay_.variables(), main_);
    overlay_.lay_over_main(*root);
    read_settings(reading_, reader);
    read_parts(reading_, reader);
    reader.refuse_rest();
    return true;
  }

  bool read_included(const ProjectFile& included) {
    const SourceFile file(included.path, problems_);
    auto root = read_tree(included, file);
    if (!root) return false;
    resolve_parts(*root, overlay_.variables(), file);
    overlay_.lay_over(*root);
    MapReader reader(file, *root, "an included file");
    read_parts(reading_, reader);
    refuse_main_keys(reader);
    reader.refuse_rest();
    return true;
  }

  void refuse_main_keys(MapReader& reader) {
    for (const auto* key : {"name", "include", "vars", "environments", "definitions", "timezone", "retention", "limits",
                            "retries", "env", "env_file", "inherit_env", "warm", "openlineage"}) {
      const auto& entries = reader.node().entries;
      const auto it = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.key == key; });
      if (it == entries.end()) continue;
      reader.take(key);
      reader.file().error(reader.file().key_at(*it), "\"" + it->key + "\" may only stand in assetd.yaml itself",
                          "move it there");
    }
  }

  const std::vector<ProjectFile>& files_;
  Problems problems_;
  Reading reading_;
  SourceFile main_;
  Overlay overlay_;
};

}  // namespace

std::expected<ParsedProject, std::vector<DefinitionError>> parse_project(const std::vector<ProjectFile>& files,
                                                                         const LoadContext& context) {
  return ProjectReader(files, context).read();
}

std::vector<IncludePattern> include_patterns(const std::string& assetd_yaml) {
  const auto yaml = read_yaml(assetd_yaml);
  std::vector<IncludePattern> result;
  const auto* include = yaml.root.find("include");
  if (!include) return result;
  for (const auto& item : include->items)
    if (item.kind == YamlNode::Kind::scalar && !item.text.empty())
      result.push_back({item.text, {"assetd.yaml", item.line, item.column}});
  return result;
}

}  // namespace assetd
