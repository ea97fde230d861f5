// What a plugin's `describe` answers (docs/plugins.md), as assets, checks, jobs and schedules of the project.
#include <algorithm>
#include <unordered_set>

#include "core/automation/condition.h"
#include "core/definition/load.h"
#include "core/definition/names.h"
#include "core/definition/partitions_json.h"
#include "core/definition/retry_delay.h"
#include "core/partition/mapping.h"
#include "core/graph/asset_key.h"
#include "core/graph/selection.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {

using Json = nlohmann::json;

/// Reads one object of the answer; what does not fit is recorded with its JSON pointer, at the place the object itself
/// names.
class ObjectReader {
 public:
  ObjectReader(const Json& object, std::string pointer, const ImportSpec& import, std::vector<DefinitionError>& errors)
      : object_(object), pointer_(std::move(pointer)), import_(import), errors_(errors), source_(import.source) {
    if (!object.is_object()) error("", "an object");
    if (const auto* source = find("source")) read_source(*source);
  }

  const SourceRef& source() const { return source_; }

  const Json* find(const char* key) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(key);
    return it != object_.end() && !it->is_null() ? &*it : nullptr;
  }

  std::string text(const char* key) {
    const auto* value = find(key);
    if (value && !value->is_string()) error(key, "a text");
    return value && value->is_string() ? value->get<std::string>() : "";
  }

  std::string required_text(const char* key) {
    auto value = text(key);
    if (value.empty() && object_.is_object()) error(key, "a text that is not empty");
    return value;
  }

  bool boolean(const char* key) {
    const auto* value = find(key);
    if (value && !value->is_boolean()) error(key, "true or false");
    return value && value->is_boolean() && value->get<bool>();
  }

  std::vector<std::string> texts(const char* key) {
    std::vector<std::string> result;
    each(key, [&](const Json& item, const std::string& pointer) {
      if (item.is_string())
        result.push_back(item.get<std::string>());
      else
        error_at(pointer, "a text");
    });
    return result;
  }

  std::map<std::string, std::string> text_map(const char* key) {
    std::map<std::string, std::string> result;
    const auto* value = find(key);
    if (value && !value->is_object()) error(key, "an object");
    if (value && value->is_object())
      for (const auto& [name, text] : value->items())
        result[name] = text.is_string() ? text.get<std::string>() : text.is_null() ? "" : text.dump();
    return result;
  }

  std::optional<Millis> duration(const char* key) {
    const auto* value = find(key);
    if (!value) return std::nullopt;
    const auto result = value->is_string() ? parse_duration(value->get<std::string>()) : std::nullopt;
    if (!result) error(key, "a duration such as \"10m\"");
    return result;
  }

  template <typename E>
  E word(const char* key, E otherwise) {
    const auto* value = find(key);
    if (!value) return otherwise;
    const auto result = value->is_string() ? enum_of<E>(value->get<std::string>()) : std::nullopt;
    if (!result) error(key, "one of the words that docs/plugins.md names");
    return result.value_or(otherwise);
  }

  template <typename Read>
  void each(const char* key, Read read) {
    const auto* value = find(key);
    if (value && !value->is_array()) error(key, "an array");
    if (!value || !value->is_array()) return;
    for (std::size_t i = 0; i < value->size(); ++i) read((*value)[i], pointer_ + "/" + key + "/" + std::to_string(i));
  }

  void error(const std::string& key, const std::string& expected) {
    error_at(key.empty() ? pointer_ : pointer_ + "/" + key, expected);
  }
  void error_at(const std::string& pointer, const std::string& expected) {
    problem("the plugin \"" + import_.plugin +
                "\" described something wrong: " + (pointer.empty() ? "the answer" : pointer) + " must be " + expected,
            "this is a fault of the plugin");
  }
  void problem(std::string message, std::string hint = {}) {
    errors_.push_back({std::move(message), std::move(hint), source_, ""});
  }

 private:
  void read_source(const Json& source) {
    if (!source.is_object()) return error("source", "an object");
    const auto file = source.find("file"), line = source.find("line"), column = source.find("column");
    if (file == source.end() || !file->is_string()) return;
    source_ = {file->get<std::string>(), 0, 0};
    if (line != source.end() && line->is_number_integer()) source_.line = line->get<int>();
    if (column != source.end() && column->is_number_integer()) source_.column = column->get<int>();
  }

  const Json& object_;
  std::string pointer_;
  const ImportSpec& import_;
  std::vector<DefinitionError>& errors_;
  SourceRef source_;
};

class Merger {
 public:
  Merger(Definitions& definitions, int index, const Json& described)
      : definitions_(definitions),
        import_(definitions.imports[static_cast<std::size_t>(index)]),
        index_(index),
        answer_(described, "", import_, errors_) {}

  std::vector<DefinitionError> merge() {
    take_name();
    find_own_keys();
    answer_.each("assets", [&](const Json& item, const std::string& pointer) {
      asset(ObjectReader(item, pointer, import_, errors_));
    });
    answer_.each("checks", [&](const Json& item, const std::string& pointer) {
      check(ObjectReader(item, pointer, import_, errors_));
    });
    answer_.each("jobs", [&](const Json& item, const std::string& pointer) {
      job(ObjectReader(item, pointer, import_, errors_));
    });
    answer_.each("schedules", [&](const Json& item, const std::string& pointer) {
      schedule(ObjectReader(item, pointer, import_, errors_));
    });
    answer_.each("exposures", [&](const Json& item, const std::string& pointer) {
      exposure(ObjectReader(item, pointer, import_, errors_));
    });
    answer_.each("warnings", [&](const Json& item, const std::string& pointer) {
      ObjectReader warning(item, pointer, import_, errors_);
      definitions_.warnings.push_back({warning.text("message"), warning.source()});
    });
    import_.watch = answer_.texts("watch");
    import_.versions = answer_.text_map("versions");
    return std::move(errors_);
  }

 private:
  void take_name() {
    auto name = answer_.text("name");
    if (import_.named || name.empty()) return;
    for (auto& c : name)
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '-') c = '_';
    import_.name = std::move(name);
  }

  // The prefix goes before what this import makes. What it only reads keeps its key, or nobody else could be meant by
  // it.
  void find_own_keys() {
    if (import_.key_prefix.empty()) return;
    answer_.each("assets", [&](const Json& item, const std::string&) {
      if (!item.is_object() || item.value("external", Json(false)) == Json(true)) return;
      if (const auto key = item.find("key"); key != item.end() && key->is_string())
        own_.insert(key->get<std::string>());
    });
  }

  std::string final_key(std::string key) const { return own_.contains(key) ? import_.key_prefix + "/" + key : key; }

  void asset(ObjectReader reader) {
    AssetSpec asset;
    asset.source = reader.source();
    asset.import = index_;
    asset.key = final_key(reader.required_text("key"));
    if (asset.key.empty()) return;
    if (const auto checked = check_asset_key(asset.key); !checked)
      return reader.problem("\"" + asset.key + "\" is no asset key: " + checked.error());
    asset.external = reader.boolean("external");
    facts(reader, asset);
    reader.each("deps",
                [&](const Json& item, const std::string& pointer) { dependency(reader, item, pointer, asset); });
    if (!asset.external) execution(reader, asset);
    else if (const auto condition = reader.text("automation"); !condition.empty() && condition != kNoAutomation)
      reader.problem("the external asset " + asset.key + " is made elsewhere and has no automation", "leave automation out, or external");
    definitions_.assets.push_back(std::move(asset));
  }

  void facts(ObjectReader& reader, AssetSpec& asset) {
    const auto& defaults = import_.defaults;
    asset.description = reader.text("description");
    asset.group = reader.text("group");
    asset.kinds = reader.texts("kinds");
    asset.owners = reader.texts("owners");
    asset.tags = reader.text_map("tags");
    asset.code_version = reader.text("code_version");
    asset.renamed_from = reader.text("renamed_from");
    asset.runbook = reader.text("runbook");
    if (const auto* data = reader.find("data")) asset.data = *data;
    if (const auto* metadata = reader.find("metadata")) {
      if (metadata->is_object())
        asset.metadata = *metadata;
      else
        reader.error("metadata", "an object");
    }
    if (asset.external) return;
    if (asset.group.empty()) asset.group = defaults.group;
    if (asset.owners.empty()) asset.owners = defaults.owners;
    asset.tags.insert(defaults.tags.begin(), defaults.tags.end());
  }

  void execution(ObjectReader& reader, AssetSpec& asset) {
    const auto& defaults = import_.defaults;
    asset.run = defaults.run;
    if (const auto timeout = reader.duration("timeout")) asset.run->timeout = timeout;
    if (const auto timeout = reader.duration("queue_timeout")) asset.run->queue_timeout = timeout;
    asset.batch = reader.text("batch");
    asset.retries = retries(reader, defaults.retries);
    asset.pools = reader.find("pools") ? pools(reader) : defaults.pools;
    if (const auto* uses = reader.find("uses"); uses && uses->is_object()) {
      ObjectReader modes(*uses, "uses of " + asset.key, import_, errors_);
      for (const auto& [resource, mode] : uses->items())
        asset.uses[resource] = modes.word(resource.c_str(), HoldMode::write);
    }
    asset.uses.insert(defaults.uses.begin(), defaults.uses.end());
    asset.automation = automation(reader, defaults.automation);
    asset.skip_if_unchanged = reader.find("skip_if_unchanged") ? reader.boolean("skip_if_unchanged") : defaults.skip_if_unchanged;
    partitions(reader, asset);
  }

  void partitions(ObjectReader& reader, AssetSpec& asset) {
    const auto* value = reader.find("partitions");
    if (!value) return;
    auto spec = partitions_from_json(*value, definitions_.settings.value("timezone", ""));
    const auto wrong = spec ? bad_name(*spec) : std::optional(spec.error());
    if (!wrong) asset.partitions = std::move(*spec);
    else reader.problem("bad partitions of " + asset.key + ": " + wrong->message, wrong->hint);
  }

  std::string automation(ObjectReader& reader, const std::string& otherwise) {
    const auto own = reader.text("automation");
    if (own.empty()) return otherwise == kNoAutomation ? "" : otherwise;
    if (own == kNoAutomation) return "";
    if (const auto parsed = parse_condition(own); !parsed)
      reader.problem("bad condition \"" + own + "\" in automation of " + reader.text("key") + ": " + parsed.error().message,
                     "as in eager, on_cron(\"0 6 * * *\", \"Europe/London\"), or any_deps_updated and not in_progress");
    return own;
  }

  static std::optional<Millis> retry_delay(ObjectReader& own, const char* key) {
    const auto delay = own.duration(key);
    if (delay && *delay > kLongestRetryDelay) own.error(key, "a duration of at most \"7d\"");
    return delay;
  }

  RetrySpec retries(ObjectReader& reader, const RetrySpec& otherwise) {
    const auto* value = reader.find("retries");
    if (!value) return otherwise;
    ObjectReader own(*value, "retries", import_, errors_);
    auto result = otherwise;
    if (const auto* max = own.find("max")) result.max = max->is_number_integer() ? max->get<int>() : 0;
    if (const auto delay = retry_delay(own, "delay")) result.delay = *delay;
    result.backoff = own.word("backoff", result.backoff);
    if (const auto* jitter = own.find("jitter"); jitter && jitter->is_number())
      result.jitter = std::clamp(jitter->get<double>(), 0.0, 1.0);
    if (const auto most = retry_delay(own, "max_delay")) result.max_delay = most;
    if (auto on = own.texts("retry_on"); !on.empty()) result.on = std::move(on);
    return result;
  }

  std::map<std::string, int> pools(ObjectReader& reader) {
    std::map<std::string, int> result;
    const auto* value = reader.find("pools");
    if (!value->is_object()) {
      reader.error("pools", "an object of slots by pool");
      return result;
    }
    for (const auto& [name, slots] : value->items()) {
      if (slots.is_number_integer() && slots.get<int>() >= 1)
        result[name] = slots.get<int>();
      else
        reader.error("pools/" + name, "a number of slots, 1 or more");
    }
    return result;
  }

  void dependency(ObjectReader& reader, const Json& item, const std::string& pointer, AssetSpec& asset) {
    DependencySpec dep;
    dep.source = reader.source();
    if (item.is_string()) {
      dep.asset = item.get<std::string>();
    } else {
      ObjectReader own(item, pointer, import_, errors_);
      dep.asset = own.required_text("asset");
      dep.on_failure = own.word("on_failure", OnFailure::skip);
      if (own.find("source")) dep.source = own.source();
      if (const auto* mapping = own.find("partitions")) {
        if (const auto fits = check_mapping(*mapping); fits) dep.partitions = *mapping;
        else reader.problem("bad partitions of the dependency of " + asset.key + " on " + dep.asset + ": " + fits.error(), "docs/partitions.md shows what each means");
      }
    }
    if (dep.asset.empty()) return;
    dep.asset = final_key(std::move(dep.asset));
    asset.deps.push_back(std::move(dep));
  }

  void check(ObjectReader reader) {
    CheckSpec check;
    check.source = reader.source();
    check.import = index_;
    check.name = reader.required_text("name");
    check.home = final_key(reader.required_text("home"));
    for (auto& key : reader.texts("depends_on")) check.depends_on.push_back(final_key(std::move(key)));
    if (check.depends_on.empty()) check.depends_on = {check.home};
    check.severity = reader.word("severity", Severity::error);
    check.blocking = reader.boolean("blocking");
    check.description = reader.text("description");
    if (const auto* data = reader.find("data")) check.data = *data;
    anomaly(reader, check);
    if (!check.name.empty() && !check.home.empty()) definitions_.checks.push_back(std::move(check));
  }

  /// As in assetd.yaml, for what a plugin's own files say (dbt: meta).
  void anomaly(ObjectReader& reader, CheckSpec& check) {
    const auto* value = reader.find("anomaly");
    if (!value) return;
    auto& spec = check.anomaly.emplace();
    check.depends_on = {check.home};
    const auto number = [&](const char* key, double least, double most) -> std::optional<double> {
      const auto found = value->is_object() ? value->find(key) : value->end();
      if (!value->is_object() || found == value->end() || found->is_null()) return std::nullopt;
      if (found->is_number() && found->get<double>() >= least && found->get<double>() <= most) return found->get<double>();
      reader.error(std::string("anomaly/") + key, "a number from " + std::to_string(static_cast<int>(least)) + " to " + std::to_string(static_cast<int>(most)));
      return std::nullopt;
    };
    const auto metric = value->is_object() ? value->find("metric") : value->end();
    if (!value->is_object() || metric == value->end() || !metric->is_string()) return reader.error("anomaly", "an object with the name of a metric");
    spec.metric = metric->get<std::string>();
    if (const auto sigma = number("sigma", 0, 1'000)) spec.sigma = *sigma;
    if (const auto last = number("last", 2, 1'000)) spec.last = static_cast<int>(*last);
    if (const auto min = number("min", 1, 1'000)) spec.min = static_cast<int>(*min);
    if (spec.min > spec.last) reader.error("anomaly/min", "at most as large as last");
  }

  void exposure(ObjectReader reader) {
    ExposureSpec exposure;
    exposure.source = reader.source();
    exposure.import = index_;
    exposure.name = reader.required_text("name");
    exposure.type = reader.text("type");
    exposure.owner = reader.text("owner");
    exposure.url = reader.text("url");
    exposure.description = reader.text("description");
    for (auto& key : reader.texts("depends_on")) exposure.depends_on.push_back(final_key(std::move(key)));
    if (!exposure.name.empty()) definitions_.exposures.push_back(std::move(exposure));
  }

  void selection(ObjectReader& reader, const std::string& select) {
    if (select.empty()) return;
    if (const auto checked = check_selection_syntax(select); !checked)
      reader.problem("bad selection \"" + select + "\": " + checked.error().message + " (column " +
                     std::to_string(checked.error().column) + ")");
  }

  void job(ObjectReader reader) {
    JobSpec job{reader.required_text("name"), reader.required_text("select"), {}, reader.source()};
    selection(reader, job.select);
    job.select_source = {job.source.file, job.source.line, 0};
    if (!job.name.empty()) definitions_.jobs.push_back(std::move(job));
  }

  void schedule(ObjectReader reader) {
    ScheduleSpec schedule;
    schedule.source = reader.source();
    schedule.target_source = {schedule.source.file, schedule.source.line, 0};
    schedule.name = reader.required_text("name");
    schedule.job = reader.text("job");
    schedule.select = reader.text("select");
    if (schedule.job.empty() == schedule.select.empty())
      reader.problem("the schedule \"" + schedule.name + "\" needs either a job or a select");
    selection(reader, schedule.select);
    schedule.cron = reader.required_text("cron");
    schedule.timezone = reader.text("timezone");
    if (schedule.timezone.empty()) schedule.timezone = definitions_.settings.value("timezone", "");
    if (schedule.timezone.empty())
      reader.problem("the schedule \"" + schedule.name + "\" needs a timezone");
    else if (const auto cron = CronSchedule::parse_new(schedule.cron, schedule.timezone); !cron)
      reader.problem("the schedule \"" + schedule.name + "\": " + cron.error().message);
    schedule.misfire = reader.word("misfire", Misfire::once);
    schedule.overlap = reader.word("overlap", Overlap::skip);
    schedule.paused = reader.boolean("paused") || definitions_.settings.value("schedules_paused", false);
    if (!schedule.name.empty()) definitions_.schedules.push_back(std::move(schedule));
  }

  Definitions& definitions_;
  ImportSpec& import_;
  int index_;
  std::vector<DefinitionError> errors_;
  ObjectReader answer_;
  std::unordered_set<std::string> own_;
};

}  // namespace

std::vector<DefinitionError> merge_description(Definitions& definitions, int index, const nlohmann::json& described) {
  return Merger(definitions, index, described).merge();
}

}  // namespace assetd
