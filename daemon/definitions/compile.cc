#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <tuple>

#include "core/definition/compiled.h"
#include "core/definition/problems.h"
#include "core/version/provenance.h"
#include "daemon/definitions/compiler.h"
#include "daemon/definitions/describe.h"
#include "daemon/definitions/files.h"
#include "daemon/definitions/import_config.h"
#include "daemon/definitions/source_files.h"
#include "daemon/definitions/watch.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;

/// A folder for plugins' state that lasts as long as one validation.
class TemporaryFolder {
 public:
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const std::string& path() {
    if (!path_.empty()) return path_;
    auto name = (fs::temp_directory_path() / "assetd-validate-XXXXXX").string();
    if (::mkdtemp(name.data())) path_ = name;
    return path_;
  }

 private:
  std::string path_;
};

std::string path_in(const CompileOptions& options, const std::string& relative) {
  return (fs::path(options.project_dir) / relative).lexically_normal().string();
}

std::string state_of(const WatchState& project, nlohmann::json imports, const CompileOptions& options) {
  return nlohmann::json{{"project", project.to_json()},
                        {"imports", std::move(imports)},
                        {"environment", options.environment},
                        {"plugin_dirs", options.plugin_dirs}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class Compiler {
 public:
  explicit Compiler(const CompileOptions& options) : options_(options) {}

  CompileResult compile() {
    watch_.add_pattern(path_of("assetd.yaml"));
    if (read_files()) parse_and_finish();
    fill_excerpts();
    std::ranges::stable_sort(result_.errors, {}, [this](const auto& told) {
      return std::tuple(order_of(told.source.file), told.source.line, told.source.column);
    });
    result_.watched = watch_.files();
    result_.watch_state = state();
    return std::move(result_);
  }

 private:
  std::string path_of(const std::string& relative) const { return path_in(options_, relative); }

  void error(SourceRef source, std::string message, std::string hint = {}) {
    result_.errors.push_back({std::move(message), std::move(hint), std::move(source), ""});
  }

  // ——— the files

  bool read_files() {
    auto main = read_file(path_of("assetd.yaml"));
    if (!main) {
      error({"assetd.yaml", 0, 0}, main.error(), "--project must name the folder that holds assetd.yaml");
      return false;
    }
    files_.push_back({"assetd.yaml", std::move(*main)});
    for (const auto& include : include_patterns(files_[0].text)) read_included(include);
    return true;
  }

  void read_included(const IncludePattern& include) {
    const auto pattern = path_of(include.pattern);
    watch_.add_pattern(pattern);
    const auto paths = expand_glob(pattern);
    if (paths.empty())
      late_warnings_.push_back({"no file matches the include pattern \"" + include.pattern + "\"", include.source});
    for (const auto& path : paths) {
      auto text = read_file(path);
      if (!text) {
        error(include.source, text.error(),
              "include: takes files and patterns such as more/*.yaml, relative to assetd.yaml");
        continue;
      }
      const auto name = relative(path);
      const auto seen = [&](const auto& file) { return file.path == name; };
      if (std::ranges::none_of(files_, seen)) files_.push_back({name, std::move(*text)});
    }
  }

  std::string relative(const std::string& path) const {
    const auto inside = fs::path(path).lexically_relative(options_.project_dir);
    return inside.empty() || *inside.begin() == ".." ? path : inside.string();
  }

  // ——— parse, describe, finish

  void parse_and_finish() {
    std::vector<std::string> broken_plugins;
    plugins_ = find_plugins(options_.plugin_dirs, broken_plugins);
    for (const auto& dir : options_.plugin_dirs) watch_.add_pattern(dir + "/*/plugin.yaml");
    auto parsed = parse_project(files_, load_context());
    tell_broken(broken_plugins, !parsed || !parsed->errors.empty());
    if (!parsed) return take(std::move(parsed.error()));
    auto& definitions = parsed->definitions;
    std::vector<bool> good_imports;
    take(apply_plugins(*parsed, plugins_, options_.project_dir, good_imports));
    take(std::move(parsed->errors));
    // Without the assets of an import every dependency on them would seem unknown.
    if (describe_all(*parsed, good_imports)) take(finish(definitions, result_.errors, default_slots()));
    std::ranges::move(late_warnings_, std::back_inserter(definitions.warnings));
    result_.warnings = definitions.warnings;
    if (!result_.errors.empty()) return;
    note_sources(definitions);
    result_.compiled = to_compiled(definitions);
    result_.hash = sha256(result_.compiled);
  }

  // A command's code is in the files that it names. They decide the version of its code and are watched as the definitions are.
  void note_sources(Definitions& definitions) {
    std::map<std::string, std::string> version_of;
    for (auto& asset : definitions.assets) {
      std::string all;
      for (const auto& path : source_files(asset, options_.project_dir)) {
        const auto [at, is_new] = version_of.try_emplace(path);
        if (is_new) {
          watch_.add_pattern(path);
          at->second = version_of_text(read_file(path).value_or(""));
        }
        all += at->second;
      }
      if (!all.empty()) asset.sources = version_of_text(all);
    }
  }

  // A broken plugin may be why something else is wrong; where nothing is, nobody needs it.
  void tell_broken(std::vector<std::string>& plugins, bool with_errors) {
    for (auto& broken : plugins) {
      if (with_errors)
        error({}, std::move(broken), "this plugin can't be used");
      else
        late_warnings_.push_back({"a plugin can't be used: " + broken, {}});
    }
  }

  void take(std::vector<DefinitionError> errors) { std::ranges::move(errors, std::back_inserter(result_.errors)); }

  // As the daemon makes the pool `default`.
  static int default_slots() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

  LoadContext load_context() {
    LoadContext context{options_.project_dir, options_.environment, {}, {}, default_slots()};
    context.env = [this](const std::string& name) -> std::optional<std::string> {
      const char* value = std::getenv(name.c_str());
      const auto found = value ? std::optional<std::string>(value) : std::nullopt;
      watch_.add_variable(name, found);
      return found;
    };
    for (const auto& [name, plugin] : plugins_) context.plugins.push_back(name);
    return context;
  }

  std::string state_dir_of(const std::string& import) {
    const auto base = options_.data_dir.empty() ? scratch_.path() : options_.data_dir;
    auto dir = (fs::path(base) / "imports" / import).string();
    std::error_code failed;
    fs::create_directories(dir, failed);
    if (failed) error({}, "can't make " + dir + ": " + failed.message());
    return dir;
  }

  // Each in a process of its own, as many at a time as there are processors: a dbt parse keeps one busy for seconds.
  // True when all of them told their assets.
  bool describe_all(ParsedProject& parsed, const std::vector<bool>& good) {
    const auto& imports = parsed.definitions.imports;
    std::vector<Description> descriptions(imports.size());
    std::vector<std::string> state_dirs;
    for (const auto& import : imports) state_dirs.push_back(state_dir_of(import.name));
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (auto i = next++; i < imports.size(); i = next++)
        if (good[i])
          descriptions[i] =
              describe_import({imports[i], plugins_.at(imports[i].plugin), parsed.definitions.resources,
                               parsed.import_keys[i], options_.project_dir, options_.environment, state_dirs[i]});
    };
    std::vector<std::jthread> workers;
    const auto count = std::min<std::size_t>(imports.size(), std::max(2u, std::thread::hardware_concurrency()));
    for (std::size_t i = 0; i < count; ++i) workers.emplace_back(work);
    workers.clear();
    bool all = true;
    for (std::size_t i = 0; i < imports.size(); ++i)
      all = merge(parsed.definitions, static_cast<int>(i), descriptions[i], state_dirs[i]) && all;
    return all;
  }

  bool merge(Definitions& definitions, int index, Description& description, const std::string& state_dir) {
    auto& import = definitions.imports[static_cast<std::size_t>(index)];
    const auto first_asset = definitions.assets.size();
    for (auto& told : description.errors) told.source.file = relative(told.source.file);
    const auto why_not = description.errors.empty() ? "its assets could not be described" : description.errors.front().message;
    take(std::move(description.errors));
    const bool described = !description.answer.is_null();
    const auto stand_in = import.name;
    auto merge_errors =
        described ? merge_description(definitions, index, description.answer) : std::vector<DefinitionError>{};
    description.answer = nullptr;
    for (auto i = first_asset; i < definitions.assets.size(); ++i) make_relative(definitions.assets[i]);
    for (auto& check : definitions.checks)
      if (check.import == index) check.source.file = relative(check.source.file);
    for (auto& told : merge_errors) told.source.file = relative(told.source.file);
    if (import.name != stand_in) link_state(import.name, state_dir);
    const auto count = definitions.assets.size() - first_asset;
    const bool good = described && merge_errors.empty();
    result_.imports.push_back({import.name, import.plugin, count, good, described ? detail_of(merge_errors, description) : why_not, import.named, import.config});
    take(std::move(merge_errors));
    description_watches_.push_back(std::move(description.watch));
    return good;
  }

  static std::string detail_of(const std::vector<DefinitionError>& errors, const Description& description) {
    if (!errors.empty()) return errors.front().message;
    return description.from_cache ? "unchanged: its last answer was taken" : "described";
  }

  void make_relative(AssetSpec& asset) const {
    asset.source.file = relative(asset.source.file);
    for (auto& dep : asset.deps) dep.source.file = relative(dep.source.file);
  }

  // An import without a name gets one from what it describes; its steps look for their state under that one.
  static void link_state(const std::string& name, const std::string& state_dir) {
    const auto link = fs::path(state_dir).parent_path() / name;
    std::error_code ignored;
    if (!fs::exists(fs::symlink_status(link, ignored)))
      fs::create_directory_symlink(fs::path(state_dir).filename(), link, ignored);
  }

  // ——— what was found

  std::ptrdiff_t order_of(const std::string& file) const {
    return std::ranges::find(files_, file, &ProjectFile::path) - files_.begin();
  }

  // Files that only a plugin reads (a dbt model) are looked into for the first errors of many.
  void fill_excerpts() {
    constexpr int kMostRead = 100;
    Excerpts excerpts(files_);
    int read = 0;
    for (auto& told : result_.errors) {
      if (!told.excerpt.empty() || told.source.line <= 0 || told.source.file.empty()) continue;
      if (auto line = excerpts.line(told.source))
        told.excerpt = std::move(*line);
      else if (read++ < kMostRead)
        told.excerpt = excerpt_of_other(told.source);
    }
  }

  std::string excerpt_of_other(const SourceRef& source) const {
    auto text = read_file(path_of(source.file));
    if (!text) return {};
    const std::vector<ProjectFile> file{{source.file, std::move(*text)}};
    return Excerpts(file).line(source).value_or("");
  }

  std::string state() {
    auto imports = nlohmann::json::array();
    for (const auto& watch : description_watches_) {
      imports.push_back(watch.to_json());
      std::ranges::move(watch.files(), std::back_inserter(result_.watched));
    }
    return state_of(watch_, std::move(imports), options_);
  }

  const CompileOptions& options_;
  CompileResult result_;
  std::vector<ProjectFile> files_;
  std::map<std::string, Plugin> plugins_;
  std::vector<DefinitionWarning> late_warnings_;
  std::vector<WatchState> description_watches_;
  WatchState watch_;
  TemporaryFolder scratch_;
};

}  // namespace

CompileResult compile_here(const CompileOptions& options) { return Compiler(options).compile(); }

bool is_unchanged(const std::string& watch_state, const CompileOptions& options) {
  const auto state = nlohmann::json::parse(watch_state, nullptr, false);
  // A state that can't be read decides nothing: compile again.
  try {
    if (state.at("environment") != options.environment || state.at("plugin_dirs") != options.plugin_dirs) return false;
    return WatchState::holds(state.at("project")) && std::ranges::all_of(state.at("imports"), WatchState::holds);
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

std::vector<WatchedFile> files_of(const std::string& watch_state) {
  const auto state = nlohmann::json::parse(watch_state, nullptr, false);
  std::vector<WatchedFile> files;
  const auto add = [&](const nlohmann::json& of) {
    WatchState again;
    again.add_again(of);
    std::ranges::move(again.files(), std::back_inserter(files));
  };
  try {
    add(state.at("project"));
    std::ranges::for_each(state.at("imports"), add);
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return files;
}

std::string looked_at_again(const std::string& watch_state, const CompileOptions& options) {
  const auto state = nlohmann::json::parse(watch_state, nullptr, false);
  WatchState project;
  project.add_pattern(path_in(options, "assetd.yaml"));
  auto imports = nlohmann::json::array();
  try {
    project.add_again(state.at("project"));
    for (const auto& import : state.at("imports")) {
      WatchState again;
      again.add_again(import);
      imports.push_back(again.to_json());
    }
  } catch (const nlohmann::json::exception&) {
    // The next good compile says what else there is.
  }
  return state_of(project, std::move(imports), options);
}

}  // namespace assetd
