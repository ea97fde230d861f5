#include "core/definition/compiled.h"

#include <map>
#include <stdexcept>

#include "core/definition/compiled_values.h"

namespace assetd {
namespace {

using Json = nlohmann::json;
constexpr int kFormat = 1;  ///< 1: the first

std::string one_line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Thousands of assets of an import share one way to run: each distinct one stands on a line of its own, before its
/// first use.
class Writer {
 public:
  void line(const char* kind, Json value) { append(kind, one_line(value)); }

  template <typename Spec>
  void line_with_run(const char* kind, const Spec& spec) {
    Json value = compiled::write(spec);
    if (spec.run) value["run"] = run_index(*spec.run);
    line(kind, std::move(value));
  }

  std::string take() { return std::move(text_); }

 private:
  std::size_t run_index(const RunSpec& run) {
    auto text = one_line(compiled::write(run));
    const auto [it, fresh] = runs_.try_emplace(std::move(text), runs_.size());
    if (fresh) append("run", it->first);
    return it->second;
  }

  void append(const char* kind, const std::string& value) {
    text_.append("{\"").append(kind).append("\":").append(value).append("}\n");
  }

  std::string text_;
  std::map<std::string, std::size_t> runs_;
};

class Reader {
 public:
  void line(std::string_view text) {
    auto value = Json::parse(text);
    if (!value.is_object() || value.size() != 1) throw std::invalid_argument("expected an object with one key");
    const auto& kind = value.begin().key();
    auto& content = value.begin().value();
    if (!seen_project_) return project(kind, content);
    if (kind == "asset") return with_run(content, result_.assets.emplace_back(compiled::read_asset(content)));
    if (kind == "run") return void(runs_.push_back(compiled::read_run(content)));
    if (kind == "check") return with_run(content, result_.checks.emplace_back(compiled::read_check(content)));
    if (kind == "import") return void(result_.imports.push_back(compiled::read_import(content)));
    if (kind == "job") return void(result_.jobs.push_back(compiled::read_job(content)));
    if (kind == "schedule") return void(result_.schedules.push_back(compiled::read_schedule(content)));
    if (kind == "sensor") return void(result_.sensors.push_back(compiled::read_sensor(content)));
    if (kind == "alert") return void(result_.alerts.push_back(compiled::read_alert(content)));
    if (kind == "exposure") return void(result_.exposures.push_back(compiled::read_exposure(content)));
    if (kind == "end") return end(content);
    throw std::invalid_argument("unknown kind \"" + kind + "\"");
  }

  bool complete() const { return seen_end_; }
  Definitions take() { return std::move(result_); }

 private:
  void project(const std::string& kind, Json& content) {
    if (kind != "project") throw std::invalid_argument("expected the project first");
    const auto format = content.at("format").get<int>();
    if (format != kFormat)
      throw std::invalid_argument("format " + std::to_string(format) + " is not known to this version");
    compiled::read_project(content, result_);
    seen_project_ = true;
  }

  template <typename Spec>
  void with_run(Json& content, Spec& spec) {
    if (const auto run = content.find("run"); run != content.end()) spec.run = runs_.at(run->get<std::size_t>());
  }

  // Cut off at the end of a line it would still parse: the last line says how many assets there must be.
  void end(const Json& content) {
    if (content.at("assets").get<std::size_t>() != result_.assets.size())
      throw std::invalid_argument("assets are missing");
    seen_end_ = true;
  }

  Definitions result_;
  std::vector<RunSpec> runs_;
  bool seen_project_ = false;
  bool seen_end_ = false;
};

}  // namespace

std::string to_compiled(const Definitions& definitions) {
  Writer writer;
  auto project = compiled::write_project(definitions);
  project["format"] = kFormat;
  writer.line("project", std::move(project));
  for (const auto& import : definitions.imports) writer.line("import", compiled::write(import));
  for (const auto& job : definitions.jobs) writer.line("job", compiled::write(job));
  for (const auto& schedule : definitions.schedules) writer.line("schedule", compiled::write(schedule));
  for (const auto& sensor : definitions.sensors) writer.line("sensor", compiled::write(sensor));
  for (const auto& alert : definitions.alerts) writer.line("alert", compiled::write(alert));
  for (const auto& exposure : definitions.exposures) writer.line("exposure", compiled::write(exposure));
  for (const auto& asset : definitions.assets) writer.line_with_run("asset", asset);
  for (const auto& check : definitions.checks) writer.line_with_run("check", check);
  writer.line("end", {{"assets", definitions.assets.size()}});
  return writer.take();
}

std::expected<Definitions, std::string> from_compiled(std::string_view compiled) {
  Reader reader;
  for (int number = 1; !compiled.empty() && !reader.complete(); ++number) {
    const auto length = compiled.find('\n');
    // The one place where the JSON library's exceptions become values.
    try {
      reader.line(compiled.substr(0, length));
    } catch (const std::exception& error) {
      return std::unexpected("line " + std::to_string(number) +
                             " of the compiled definitions is damaged: " + error.what());
    }
    compiled.remove_prefix(length == std::string_view::npos ? compiled.size() : length + 1);
  }
  if (!reader.complete()) return std::unexpected("the compiled definitions are cut off");
  return reader.take();
}

}  // namespace assetd
