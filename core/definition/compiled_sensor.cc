// The compiled form of sensors.
#include "core/definition/compiled_fields.h"
#include "core/definition/compiled_values.h"

namespace assetd::compiled {
namespace {

void put_watched(Json& object, const SensorSpec& sensor) {
  if (sensor.kind == SensorKind::file) {
    const FileProbeSpec unset;
    Json& file = object["file"] = {{"glob", sensor.file.glob}};
    if (sensor.file.settle != unset.settle) file["settle"] = sensor.file.settle.count();
    put_enum(file, "per", sensor.file.per, unset.per);
    put_enum(file, "existing", sensor.file.existing, unset.existing);
  } else if (sensor.kind == SensorKind::webhook) {
    const HookSpec unset;
    Json& hook = object["webhook"] = {{"secret", sensor.webhook.secret}};
    put_enum(hook, "form", sensor.webhook.form, unset.form);
    if (sensor.webhook.tolerance != unset.tolerance) hook["tolerance"] = sensor.webhook.tolerance.count();
  } else if (sensor.kind == SensorKind::asset) {
    Json& asset = object["asset"] = {{"select", sensor.asset.select}, {"on", Json::array()}};
    for (const auto happening : sensor.asset.on) asset["on"].push_back(name_of(happening));
    put(object, sensor.asset.select_source, "asset_at");
  } else if (sensor.kind == SensorKind::sql) {
    Json& sql = object["sql"] = {{"resource", sensor.sql.resource}, {"query", sensor.sql.query}};
    put(sql, "python", sensor.sql.python);
    put_enum(sql, "when", sensor.sql.when, SqlWhen::changes);
  }
}

void take_watched(Json& value, SensorSpec& sensor) {
  if (const auto file = value.find("file"); file != value.end()) {
    take(*file, "glob", sensor.file.glob);
    take(*file, "settle", sensor.file.settle);
    take_enum(*file, "per", sensor.file.per);
    take_enum(*file, "existing", sensor.file.existing);
  }
  if (const auto hook = value.find("webhook"); hook != value.end()) {
    take(*hook, "secret", sensor.webhook.secret);
    take_enum(*hook, "form", sensor.webhook.form);
    take(*hook, "tolerance", sensor.webhook.tolerance);
  }
  if (const auto asset = value.find("asset"); asset != value.end()) {
    take(*asset, "select", sensor.asset.select);
    for (const auto& happening : asset->at("on")) sensor.asset.on.push_back(enum_value<AssetHappening>(happening));
    take(value, sensor.asset.select_source, "asset_at");
  }
  if (const auto sql = value.find("sql"); sql != value.end()) {
    take(*sql, "resource", sensor.sql.resource);
    take(*sql, "query", sensor.sql.query);
    take(*sql, "python", sensor.sql.python);
    take_enum(*sql, "when", sensor.sql.when);
  }
}

}  // namespace

Json write(const SensorSpec& sensor) {
  const SensorSpec unset;
  Json object = Json::object();
  put(object, "name", sensor.name);
  object["kind"] = name_of(sensor.kind);
  put_watched(object, sensor);
  if (sensor.run != unset.run) object["run"] = write(sensor.run);
  put(object, "job", sensor.job);
  put(object, "select", sensor.select);
  put(object, sensor.target_source, "target_at");
  if (sensor.every != unset.every) object["every"] = sensor.every.count();
  // Not "timeout", which is a run's.
  if (sensor.timeout != unset.timeout) object["evaluation_timeout"] = sensor.timeout.count();
  put_enum(object, "overlap", sensor.overlap, unset.overlap);
  put(object, "paused", sensor.paused);
  put_terms(object, sensor.terms);
  put(object, sensor.source);
  return object;
}

SensorSpec read_sensor(Json& value) {
  SensorSpec sensor;
  take(value, "name", sensor.name);
  take_enum(value, "kind", sensor.kind);
  take_watched(value, sensor);
  if (const auto run = value.find("run"); run != value.end()) sensor.run = read_run(*run);
  take(value, "job", sensor.job);
  take(value, "select", sensor.select);
  take(value, sensor.target_source, "target_at");
  take(value, "every", sensor.every);
  take(value, "evaluation_timeout", sensor.timeout);
  take_enum(value, "overlap", sensor.overlap);
  take(value, "paused", sensor.paused);
  take_terms(value, sensor.terms);
  take(value, sensor.source);
  return sensor;
}

}  // namespace assetd::compiled
