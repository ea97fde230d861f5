// The compiled form of jobs, schedules, sensors, alerts and exposures. Terms of runs stand among the other fields.
#include "core/definition/compiled_lists.h"
#include "core/definition/compiled_values.h"

namespace assetd::compiled {

template <>
constexpr auto kFields<JobSpec> = std::tuple(Field{"name", &JobSpec::name}, Field{"select", &JobSpec::select}, Field{"select_at", &JobSpec::select_source},
                                             Field{"", &JobSpec::terms}, Field{"at", &JobSpec::source});

template <>
constexpr auto kFields<ScheduleSpec> = std::tuple(
    Field{"name", &ScheduleSpec::name}, Field{"job", &ScheduleSpec::job}, Field{"select", &ScheduleSpec::select}, Field{"target_at", &ScheduleSpec::target_source},
    Field{"cron", &ScheduleSpec::cron}, Field{"timezone", &ScheduleSpec::timezone}, Field{"misfire", &ScheduleSpec::misfire}, Field{"overlap", &ScheduleSpec::overlap},
    Field{"jitter", &ScheduleSpec::jitter}, Field{"paused", &ScheduleSpec::paused}, Field{"", &ScheduleSpec::terms}, Field{"at", &ScheduleSpec::source});

template <>
constexpr auto kFields<FileProbeSpec> = std::tuple(Field{"glob", &FileProbeSpec::glob}, Field{"settle", &FileProbeSpec::settle}, Field{"per", &FileProbeSpec::per},
                                                   Field{"existing", &FileProbeSpec::existing});
template <>
constexpr auto kFields<HookSpec> = std::tuple(Field{"secret", &HookSpec::secret}, Field{"form", &HookSpec::form}, Field{"tolerance", &HookSpec::tolerance});
template <>
constexpr auto kFields<AssetProbeSpec> = std::tuple(Field{"select", &AssetProbeSpec::select}, Field{"on", &AssetProbeSpec::on});
template <>
constexpr auto kFields<SqlProbeSpec> = std::tuple(Field{"resource", &SqlProbeSpec::resource}, Field{"query", &SqlProbeSpec::query}, Field{"python", &SqlProbeSpec::python},
                                                  Field{"when", &SqlProbeSpec::when});
template <>
constexpr auto kFields<SensorSpec> = std::tuple(
    Field{"name", &SensorSpec::name}, Field{"file", &SensorSpec::file}, Field{"webhook", &SensorSpec::webhook}, Field{"asset", &SensorSpec::asset}, Field{"sql", &SensorSpec::sql},
    Field{"job", &SensorSpec::job}, Field{"select", &SensorSpec::select}, Field{"target_at", &SensorSpec::target_source}, Field{"every", &SensorSpec::every},
    Field{"evaluation_timeout", &SensorSpec::timeout},  // not "timeout", which is a run's
    Field{"overlap", &SensorSpec::overlap}, Field{"paused", &SensorSpec::paused}, Field{"", &SensorSpec::terms}, Field{"at", &SensorSpec::source});

template <>
constexpr auto kFields<WebhookSpec> = std::tuple(Field{"url", &WebhookSpec::url}, Field{"form", &WebhookSpec::form}, Field{"secret", &WebhookSpec::secret});
template <>
constexpr auto kFields<EmailSpec> = std::tuple(Field{"server", &EmailSpec::server}, Field{"from", &EmailSpec::from}, Field{"to", &EmailSpec::to}, Field{"user", &EmailSpec::user},
                                               Field{"password", &EmailSpec::password});
template <>
constexpr auto kFields<OpenLineageSpec> =
    std::tuple(Field{"url", &OpenLineageSpec::url}, Field{"namespace", &OpenLineageSpec::name_space}, Field{"headers", &OpenLineageSpec::headers});
template <>
constexpr auto kFields<AlertSpec> = std::tuple(
    Field{"name", &AlertSpec::name}, Field{"on", &AlertSpec::on}, Field{"select", &AlertSpec::select}, Field{"select_at", &AlertSpec::select_source},
    Field{"owners", &AlertSpec::owners}, Field{"webhook", &AlertSpec::webhook}, Field{"email", &AlertSpec::email}, Field{"program", &AlertSpec::program},
    Field{"openlineage", &AlertSpec::openlineage}, Field{"repeat", &AlertSpec::repeat}, Field{"timeout", &AlertSpec::timeout}, Field{"give_up", &AlertSpec::give_up},
    Field{"at", &AlertSpec::source});

template <>
constexpr auto kFields<ExposureSpec> = std::tuple(
    Field{"name", &ExposureSpec::name}, Field{"type", &ExposureSpec::type}, Field{"owner", &ExposureSpec::owner}, Field{"url", &ExposureSpec::url},
    Field{"description", &ExposureSpec::description}, Field{"depends_on", &ExposureSpec::depends_on}, Field{"import", &ExposureSpec::import}, Field{"at", &ExposureSpec::source});

namespace {

template <typename T>
T read(Json& value) {
  T spec;
  read_fields(value, spec);
  return spec;
}

}  // namespace

Json write(const JobSpec& job) { return write_fields(job); }
JobSpec read_job(Json& value) { return read<JobSpec>(value); }

Json write(const ScheduleSpec& schedule) { return write_fields(schedule); }
ScheduleSpec read_schedule(Json& value) { return read<ScheduleSpec>(value); }

Json write(const SensorSpec& sensor) {
  auto object = write_fields(sensor);
  object["kind"] = name_of(sensor.kind);
  put(object, sensor.asset.select_source, "asset_at");
  if (sensor.run != RunSpec{}) object["run"] = write(sensor.run);
  return object;
}

SensorSpec read_sensor(Json& value) {
  auto sensor = read<SensorSpec>(value);
  take_enum(value, "kind", sensor.kind);
  take(value, sensor.asset.select_source, "asset_at");
  if (const auto run = value.find("run"); run != value.end()) sensor.run = read_run(*run);
  return sensor;
}

Json write(const AlertSpec& alert) {
  auto object = write_fields(alert);
  if (alert.run != RunSpec{}) object["run"] = write(alert.run);
  return object;
}

AlertSpec read_alert(Json& value) {
  auto alert = read<AlertSpec>(value);
  if (const auto run = value.find("run"); run != value.end()) alert.run = read_run(*run);
  return alert;
}

Json write(const ExposureSpec& exposure) { return write_fields(exposure); }
ExposureSpec read_exposure(Json& value) { return read<ExposureSpec>(value); }

}  // namespace assetd::compiled
