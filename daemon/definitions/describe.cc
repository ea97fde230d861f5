#include "daemon/definitions/describe.h"

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "daemon/definitions/files.h"
#include "daemon/definitions/import_config.h"
#include "daemon/execution/child_process.h"
#include "daemon/execution/environment.h"

namespace assetd {
namespace {

using Json = nlohmann::json;
constexpr std::chrono::seconds kLongestDescribe{120};
constexpr const char* kCacheName = "/.assetd-describe.json";

Json resource_as_told(const ResourceSpec& resource) {
  Json told = resource.config;
  told["kind"] = resource.kind;
  return told;
}

Json request(const DescribeInput& input) {
  auto resources = Json::object();
  for (const auto& [name, resource] : input.resources) resources[name] = resource_as_told(resource);
  auto import = input.import.config;
  if (input.import.named) import["name"] = input.import.name;
  return {{"protocol", 1},
          {"project_dir", input.project_dir},
          {"import", std::move(import)},
          {"environment", input.environment.empty() ? Json(nullptr) : Json(input.environment)},
          {"state_dir", input.state_dir},
          {"resources", std::move(resources)}};
}

/// Secrets of resources, at the last moment and into the pipe only.
std::expected<void, std::string> resolve_secrets(Json& value, const SecretLookup& secrets) {
  if (value.is_string()) {
    auto resolved = make_environment({{{"x", value.get<std::string>()}}, "", {}}, {}, secrets);
    if (!resolved) return std::unexpected(resolved.error());
    value = resolved->at("x");
  }
  if (value.is_structured())
    for (auto& inner : value)
      if (auto done = resolve_secrets(inner, secrets); !done) return done;
  return {};
}

std::int64_t coarse_now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

std::vector<std::string> last_lines(const std::string& text, std::size_t most) {
  std::vector<std::string> lines;
  std::size_t end = text.find_last_not_of(" \n\r");
  while (end != std::string::npos && lines.size() < most) {
    const auto begin = text.rfind('\n', end);
    lines.push_back(text.substr(begin == std::string::npos ? 0 : begin + 1,
                                end - (begin == std::string::npos ? 0 : begin + 1) + 1));
    if (begin == std::string::npos || begin == 0) break;
    end = begin - 1;
  }
  std::ranges::reverse(lines);
  return lines;
}

class Describer {
 public:
  explicit Describer(const DescribeInput& input) : input_(input), request_(request(input)) {}

  Description run() {
    const auto& run = input_.import.defaults.run;
    const auto env_file = run.env_file.empty()
                              ? ""
                              : (std::filesystem::path(input_.project_dir) / run.env_file).lexically_normal().string();
    const EnvironmentSpec spec{run.env, env_file, run.inherit_env};
    if (!env_file.empty()) result_.watch.add_pattern(env_file);
    const auto daemon_env = current_environment();
    watch_inherited(spec, daemon_env);
    const auto unresolved =
        make_environment(spec, daemon_env, [](const std::string& name) { return "${secret:" + name + "}"; });
    if (!unresolved) return fail(unresolved.error(), "", place("/env_file"));
    key_ = sha256(Json{{"request", request_},
                       {"env", *unresolved},
                       {"version", input_.plugin.version},
                       {"dir", input_.plugin.dir},
                       {"command", input_.plugin.command}}
                      .dump(-1, ' ', false, Json::error_handler_t::replace));
    if (take_cached()) return std::move(result_);
    return ask(spec, daemon_env);
  }

 private:
  Description ask(const EnvironmentSpec& spec, const std::map<std::string, std::string>& daemon_env) {
    const auto secrets = default_secrets(daemon_env);
    const auto env = make_environment(spec, daemon_env, secrets);
    if (!env) return fail(env.error(), "", place("/env"));
    auto told = request_;
    if (const auto done = resolve_secrets(told["resources"], secrets); !done)
      return fail("a resource: " + done.error(), "", input_.import.source);
    ChildSpec child;
    child.argv = input_.plugin.argv(python_of(input_.import.config), "describe");
    child.env = *env;
    child.cwd = input_.project_dir;
    child.input = told.dump(-1, ' ', false, Json::error_handler_t::replace);
    child.timeout = input_.import.describe_timeout.value_or(kLongestDescribe);
    const auto ended = run_child(child);
    if (!ended)
      return fail("the plugin \"" + input_.plugin.name + "\" did not start: " + ended.error(),
                  "is it installed? the key python: names the interpreter", place("/python"));
    auto answer = Json::parse(ended->output, nullptr, false);
    if (!ended->ok()) return failed(child, *ended, answer);
    if (!answer.is_object())
      return fail(whose() + " answered no JSON object" + quoted_errors(*ended),
                  "its describe must print one JSON object and nothing else on stdout", input_.import.source);
    accept(std::move(answer));
    return std::move(result_);
  }

  void accept(Json answer) {
    watch_all(watched_by(answer));
    write_file(cache_path(), Json{{"key", key_}, {"state", result_.watch.to_json()}, {"answer", answer}}.dump(
                                 -1, ' ', false, Json::error_handler_t::replace));
    result_.answer = std::move(answer);
  }

  bool take_cached() {
    const auto text = read_file(cache_path());
    if (!text) return false;
    auto cached = Json::parse(*text, nullptr, false);
    // A cache that is damaged is no cache: the plugin is asked.
    try {
      if (cached.at("key") != key_ || !WatchState::holds(cached.at("state"))) return false;
      for (const auto& pattern : watched_by(cached.at("answer"))) result_.watch.add_pattern(pattern);
    } catch (const Json::exception&) {
      return false;
    }
    result_.answer = std::move(cached["answer"]);
    result_.from_cache = true;
    return true;
  }

  std::vector<std::string> watched_by(const Json& answer) const {
    std::vector<std::string> patterns{input_.plugin.dir + "/**"};
    if (!answer.is_object()) return patterns;
    if (const auto watch = answer.find("watch"); watch != answer.end() && watch->is_array())
      for (const auto& pattern : *watch)
        if (pattern.is_string()) patterns.push_back(absolute(pattern.get<std::string>()));
    return patterns;
  }

  void watch_all(const std::vector<std::string>& patterns) {
    for (const auto& pattern : patterns) result_.watch.add_pattern_read_since(pattern, began_);
  }

  // What a failure is mended with: a file that the last good answer depended on, that the plugin names now, that an
  // error points at or that the import is configured with.
  void watch_for_a_mend() {
    watch_all(watched_by(told_));
    if (const auto text = read_file(cache_path()))
      if (const auto cached = Json::parse(*text, nullptr, false); cached.is_object())
        watch_all(watched_by(cached.value("answer", Json())));
    for (const auto& error : result_.errors)
      if (!error.source.file.empty()) watch_all({absolute(error.source.file)});
    watch_configured(input_.import.config);
  }

  // Files of the project, also those that are not there. What is in a folder only its plugin knows: it may be the data.
  void watch_configured(const Json& config) {
    if (config.is_structured())
      for (const auto& inner : config) watch_configured(inner);
    if (!config.is_string() || !config.get_ref<const std::string&>().starts_with(input_.project_dir + "/")) return;
    const auto path = config.get<std::string>();
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) watch_all({path});
  }

  std::string absolute(const std::string& path) const {
    return (std::filesystem::path(input_.project_dir) / path).lexically_normal().string();
  }

  void watch_inherited(const EnvironmentSpec& spec, const std::map<std::string, std::string>& daemon_env) {
    const auto inherited = make_environment({{}, "", spec.inherit_env}, daemon_env, nullptr);
    const auto passed = make_environment({}, daemon_env, nullptr);
    for (const auto& [name, value] : *inherited)
      if (!passed->contains(name)) result_.watch.add_variable(name, value);
  }

  Description failed(const ChildSpec& child, const ChildResult& ended, const Json& answer) {
    told_ = answer;
    if (answer.is_object() && answer.contains("errors") && answer["errors"].is_array())
      for (const auto& error : answer["errors"]) add_told(error);
    if (!result_.errors.empty()) return give_up();
    return fail(whose() + " failed to describe its assets: " + describe_end(ended, child) + quoted_errors(ended), "",
                input_.import.source);
  }

  void add_told(const Json& told) {
    if (!told.is_object()) return;
    const auto text = [](const Json& object, const char* key) {
      const auto it = object.find(key);
      return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
    };
    const auto number = [](const Json& object, const char* key) {
      const auto it = object.find(key);
      return it != object.end() && it->is_number_integer() ? it->get<int>() : 0;
    };
    auto source = input_.import.source;
    if (const auto it = told.find("source"); it != told.end() && it->is_object() && !text(*it, "file").empty())
      source = {text(*it, "file"), number(*it, "line"), number(*it, "column")};
    result_.errors.push_back({text(told, "message"), text(told, "hint"), source, ""});
  }

  static std::string quoted_errors(const ChildResult& ended) {
    constexpr std::size_t kLines = 20;
    std::string text;
    for (const auto& line : last_lines(ended.errors, kLines)) text += "\n  " + line;
    return text.empty() ? text : "; the end of its stderr:" + text;
  }

  std::string whose() const {
    return "the import \"" + input_.import.name + "\" (plugin \"" + input_.plugin.name + "\")";
  }
  std::string cache_path() const { return input_.state_dir + kCacheName; }

  SourceRef place(const std::string& pointer) const {
    const auto it = input_.keys.find(pointer);
    return it == input_.keys.end() ? input_.import.source : it->second;
  }

  Description fail(std::string message, std::string hint, SourceRef source) {
    result_.errors.push_back({std::move(message), std::move(hint), std::move(source), ""});
    return give_up();
  }

  Description give_up() {
    watch_for_a_mend();
    return std::move(result_);
  }

  const DescribeInput& input_;
  Json request_;
  std::string key_;
  std::int64_t began_ = coarse_now_ns();  ///< what is younger may have changed after it was read
  Json told_;                             ///< by a plugin that failed
  Description result_;
};

}  // namespace

Description describe_import(const DescribeInput& input) { return Describer(input).run(); }

}  // namespace assetd
