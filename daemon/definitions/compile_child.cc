#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

#include "daemon/definitions/compiler.h"
#include "daemon/execution/child_process.h"

namespace assetd {
namespace {

using Json = nlohmann::json;
// Above the largest describe_timeout: what it guards against is a hang of the compiler itself.
constexpr std::chrono::minutes kLongestCompile{65};
constexpr std::size_t kMostOutput = 1u << 30;

Json to_json(const SourceRef& source) {
  return {{"file", source.file}, {"line", source.line}, {"column", source.column}};
}

SourceRef source_of(const Json& json) {
  return {json.at("file").get<std::string>(), json.at("line").get<int>(), json.at("column").get<int>()};
}

CompileResult from_json(Json json) {
  CompileResult result;
  result.compiled = std::move(json.at("compiled").get_ref<std::string&>());
  result.hash = json.at("hash").get<std::string>();
  result.watch_state = std::move(json.at("watch_state").get_ref<std::string&>());
  for (const auto& error : json.at("errors"))
    result.errors.push_back({error.at("message").get<std::string>(), error.at("hint").get<std::string>(),
                             source_of(error.at("source")), error.at("excerpt").get<std::string>()});
  for (const auto& warning : json.at("warnings"))
    result.warnings.push_back({warning.at("message").get<std::string>(), source_of(warning.at("source"))});
  for (const auto& import : json.at("imports"))
    result.imports.push_back({import.at("name").get<std::string>(), import.at("plugin").get<std::string>(),
                              import.at("assets").get<std::size_t>(), import.at("ok").get<bool>(),
                              import.at("detail").get<std::string>(), import.at("named").get<bool>(), import.at("config")});
  for (const auto& file : json.at("watched"))
    result.watched.push_back({file.at(0).get<std::string>(), file.at(1).get<std::int64_t>(),
                              file.at(2).get<std::int64_t>(), file.at(3).get<std::int64_t>()});
  return result;
}

CompileResult failed(std::string message, std::string hint = {}) {
  CompileResult result;
  result.errors.push_back({std::move(message), std::move(hint), {"assetd.yaml", 0, 0}, ""});
  return result;
}

ChildSpec child_of(const std::string& program, const CompileOptions& options) {
  ChildSpec spec;
  spec.argv = {program, "compile", "--project", options.project_dir};
  if (!options.data_dir.empty()) spec.argv.insert(spec.argv.end(), {"--data", options.data_dir});
  if (!options.environment.empty()) spec.argv.insert(spec.argv.end(), {"--env", options.environment});
  for (const auto& dir : options.plugin_dirs) spec.argv.insert(spec.argv.end(), {"--plugins", dir});
  spec.timeout = kLongestCompile;
  spec.max_output = kMostOutput;
  return spec;
}

}  // namespace

Json to_json(const CompileResult& result) {
  auto json = Json{{"compiled", result.compiled}, {"hash", result.hash},       {"watch_state", result.watch_state},
                   {"errors", Json::array()},     {"warnings", Json::array()}, {"imports", Json::array()},
                   {"watched", Json::array()}};
  for (const auto& error : result.errors)
    json["errors"].push_back({{"message", error.message},
                              {"hint", error.hint},
                              {"source", to_json(error.source)},
                              {"excerpt", error.excerpt}});
  for (const auto& warning : result.warnings)
    json["warnings"].push_back({{"message", warning.message}, {"source", to_json(warning.source)}});
  for (const auto& import : result.imports)
    json["imports"].push_back({{"name", import.name},
                               {"plugin", import.plugin},
                               {"assets", import.assets},
                               {"ok", import.ok},
                               {"detail", import.detail},
                               {"named", import.named},
                               {"config", import.config}});
  for (const auto& file : result.watched)
    json["watched"].push_back(Json::array({file.path, file.size, file.mtime_ns, file.inode}));
  return json;
}

CompileResult compile_in_child(const std::string& program, const CompileOptions& options) {
  const auto spec = child_of(program, options);
  auto ended = run_child(spec);
  if (!ended) return failed("the definitions could not be compiled: " + ended.error());
  if (!ended->ok())
    return failed("the definitions could not be compiled: the compiler ended with " + describe_end(*ended, spec) +
                  (ended->errors.empty() ? "" : ":\n" + ended->errors));
  auto answer = Json::parse(ended->output, nullptr, false);
  ended->output.clear();
  try {
    return from_json(std::move(answer));
  } catch (const Json::exception& error) {
    return failed(std::string("the compiler's answer can't be read: ") + error.what(),
                  "is " + program + " another version than the daemon that runs?");
  }
}

int run_compile_command(const CompileOptions& options) {
  // When the daemon ends, or gives up on this process, what it started goes too.
  struct sigaction action{};
  action.sa_handler = [](int) {
    kill_children();
    ::_exit(1);
  };
  ::sigaction(SIGTERM, &action, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const auto text = to_json(compile_here(options)).dump(-1, ' ', false, Json::error_handler_t::replace);
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? 0 : 1;
}

}  // namespace assetd
