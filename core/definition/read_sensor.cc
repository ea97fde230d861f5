// sensors:.
#include "core/definition/reading.h"
#include "core/definition/variables.h"

namespace assetd {
namespace {

constexpr Millis kLeastEvery{1'000}, kMostEvery{7 * 86'400'000}, kMostEvaluation{3'600'000}, kMostSettle{86'400'000}, kMostTolerance{3'600'000};
constexpr std::int64_t kMostSensorPriority = 1'000'000, kMostSensorSteps = 1'000'000;
constexpr std::string_view kWatched[] = {"file", "webhook", "asset", "sql", "run"};

std::optional<Millis> read_span(MapReader& reader, std::string_view key, Millis least, Millis most, const char* expected) {
  const auto span = reader.duration(key);
  if (!span || (*span >= least && *span <= most)) return span;
  reader.refuse(key, *reader.take(key), expected);
  return std::nullopt;
}

void read_file_probe(const SourceFile& file, const YamlNode& node, SensorSpec& sensor) {
  MapReader reader(file, node, "file:");
  sensor.kind = SensorKind::file;
  sensor.every = Millis{10'000};
  if (reader.require("glob"))
    if (const auto glob = reader.text("glob")) {
      if (glob->empty()) reader.refuse("glob", *reader.take("glob"), "a pattern of files", "as in landing/*.json");
      sensor.file.glob = *reader.path("glob");
    }
  if (const auto settle = read_span(reader, "settle", Millis{0}, kMostSettle, "at most 24h")) sensor.file.settle = *settle;
  if (const auto per = reader.word<FilesPer>("per")) sensor.file.per = *per;
  if (const auto existing = reader.word<ExistingFiles>("existing")) sensor.file.existing = *existing;
  reader.refuse_rest();
}

void read_hook(const SourceFile& file, const YamlNode& node, SensorSpec& sensor) {
  MapReader reader(file, node, "webhook:");
  sensor.kind = SensorKind::webhook;
  if (reader.require("secret"))
    if (const auto secret = reader.text("secret", Secrets::allowed)) {
      if (!find_secret(*secret))
        file.error(reader.at("secret"), "\"secret\" can't be written out: it would be stored and shown",
                   "give it a name among the secrets and write ${secret:NAME}");
      sensor.webhook.secret = *secret;
    }
  if (const auto form = reader.word<HookForm>("form")) sensor.webhook.form = *form;
  if (const auto tolerance = read_span(reader, "tolerance", Millis{1'000}, kMostTolerance, "from 1s to 1h")) {
    sensor.webhook.tolerance = *tolerance;
    if (sensor.webhook.form == HookForm::github)
      file.error(reader.at("tolerance"), "what GitHub signs has no time that could be compared", "leave out tolerance");
  }
  reader.refuse_rest();
}

void read_asset_probe(const SourceFile& file, const YamlNode& node, SensorSpec& sensor) {
  MapReader reader(file, node, "asset:");
  sensor.kind = SensorKind::asset;
  if (const auto* select = reader.require("select")) {
    sensor.asset.select = reader.text("select").value_or("");
    sensor.asset.select_source = check_selection(file, *select);
  }
  const auto* on = reader.require("on");
  if (on && on->kind == YamlNode::Kind::sequence && on->items.empty()) file.error(*on, "nothing to wait for", "as in on: [materialized]");
  std::vector<std::string_view> known;
  for (const auto& [happening, name] : EnumNames<AssetHappening>::names) known.push_back(name);
  for (const auto& name : reader.texts("on")) {
    if (const auto happening = enum_of<AssetHappening>(name)) sensor.asset.on.push_back(*happening);
    else file.error(reader.at("on"), "\"" + name + "\" is nothing that happens to an asset", suggest(name, known));
  }
  reader.refuse_rest();
}

void take_process(SensorSpec& sensor, ProcessDefaults process) {
  sensor.run.env = std::move(process.env);
  sensor.run.env_file = std::move(process.env_file);
  sensor.run.inherit_env = std::move(process.inherit_env);
}

void read_sql_probe(Reading& reading, const SourceFile& file, const YamlNode& node, SensorSpec& sensor) {
  MapReader reader(file, node, "sql:");
  sensor.kind = SensorKind::sql;
  sensor.every = Millis{60'000};
  sensor.run.plugin = "sql_probe";
  sensor.sql.resource = reader.required_text("resource");
  if (!sensor.sql.resource.empty()) reading.resources.push_back({sensor.sql.resource, reader.at("resource"), 0});
  sensor.sql.query = reader.required_text("query");
  if (const auto python = reader.text("python")) sensor.sql.python = python->find('/') == std::string::npos ? *python : *reader.path("python");
  if (const auto when = reader.word<SqlWhen>("when")) sensor.sql.when = *when;
  if (sensor.sql.when == SqlWhen::rows) sensor.overlap = Overlap::skip;  // what is being dealt with is still there
  take_process(sensor, read_process(reader, reading.process));
  reader.refuse_rest();
}

void read_program(Reading& reading, const SourceFile& file, const YamlNode& node, SensorSpec& sensor) {
  MapReader reader(file, node, "run:");
  sensor.kind = SensorKind::program;
  sensor.run.plugin = "exec";
  sensor.run.command = read_command(reader);
  sensor.run.cwd = reader.path("cwd").value_or("");
  take_process(sensor, read_process(reader, reading.process));
  reader.refuse_rest();
}

void read_watched(Reading& reading, MapReader& reader, SensorSpec& sensor) {
  const YamlNode* found = nullptr;
  std::string_view kind;
  int count = 0;
  for (const auto key : kWatched)
    if (const auto* node = reader.take(key)) {
      ++count;
      found = node;
      kind = key;
    }
  if (count != 1) {
    reader.file().error(reader.at(), "a sensor watches one thing: file, webhook, asset, sql or run (a program)", "for several write a sensor for each");
    return;
  }
  if (kind == "file") read_file_probe(reader.file(), *found, sensor);
  else if (kind == "webhook") read_hook(reader.file(), *found, sensor);
  else if (kind == "asset") read_asset_probe(reader.file(), *found, sensor);
  else if (kind == "sql") read_sql_probe(reading, reader.file(), *found, sensor);
  else read_program(reading, reader.file(), *found, sensor);
}

void read_sensor_target(MapReader& reader, SensorSpec& sensor) {
  const auto *job = reader.take("job"), *select = reader.take("select");
  if (job && select) return reader.file().error(*select, "a sensor has either job or select, not both");
  if (!job && !select && sensor.kind != SensorKind::program)
    reader.file().error(reader.at(), "a sensor needs a job or a select", "add job: NAME, or select: \"…\"; only a program may say itself what to run");
  if (job) {
    sensor.job = reader.text("job").value_or("");
    sensor.target_source = reader.file().at(*job);
  } else if (select) {
    sensor.select = reader.text("select").value_or("");
    sensor.target_source = check_selection(reader.file(), *select);
  }
}

void read_pace(MapReader& reader, SensorSpec& sensor) {
  const bool is_told = sensor.kind == SensorKind::webhook || sensor.kind == SensorKind::asset;
  if (is_told) {
    if (const auto* every = reader.take("every"))
      reader.file().error(*every, std::string(name_of(sensor.kind)) + " sensors are told what happens and do not look", "leave out every");
  } else if (const auto every = read_span(reader, "every", kLeastEvery, kMostEvery, "from 1s to 7d")) {
    sensor.every = *every;
  }
  if (const auto timeout = read_span(reader, "timeout", Millis{1}, kMostEvaluation, "more than nothing and at most 1h")) sensor.timeout = *timeout;
  if (const auto overlap = reader.word<Overlap>("overlap")) {
    sensor.overlap = *overlap;
    if (*overlap != Overlap::allow && *overlap != Overlap::skip) reader.refuse("overlap", *reader.take("overlap"), "allow or skip");
    else if (*overlap == Overlap::skip && sensor.kind == SensorKind::webhook)
      reader.file().error(reader.at("overlap"), "what a webhook brings cannot be looked for again: it would be lost", "leave out overlap; pools and limits: hold runs back");
  }
}

}  // namespace

void read_sensor(Reading& reading, const SourceFile& file, const YamlNode& node) {
  MapReader reader(file, node, "a sensor");
  if (!reader.is_map()) return;
  SensorSpec sensor;
  sensor.source = file.at(node);
  sensor.name = read_name(reader);
  read_watched(reading, reader, sensor);
  read_sensor_target(reader, sensor);
  read_pace(reader, sensor);
  if (const auto priority = reader.integer("priority", -kMostSensorPriority, kMostSensorPriority)) sensor.terms.priority = static_cast<int>(*priority);
  if (const auto steps = reader.integer("max_steps", 1, kMostSensorSteps)) sensor.terms.max_steps = static_cast<int>(*steps);
  sensor.terms.tags = read_tags(reader);
  sensor.paused = reader.boolean("paused").value_or(false) || reading.schedules_paused;
  reader.refuse_rest();
  if (!sensor.name.empty()) reading.definitions().sensors.push_back(std::move(sensor));
}

}  // namespace assetd
