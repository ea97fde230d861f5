#pragma once
// Each value of a project as JSON and back. What has its default value is left out: most assets have few of their
// fields set.

#include <nlohmann/json.hpp>

#include "core/definition/spec.h"

namespace assetd::compiled {

nlohmann::json write(const RunSpec& run);
nlohmann::json write(const CheckSpec& check);  ///< without `run`, which stands on a line of its own
nlohmann::json write(const AssetSpec& asset);  ///< without `run`
nlohmann::json write(const ImportSpec& import);
nlohmann::json write(const JobSpec& job);
nlohmann::json write(const ScheduleSpec& schedule);
nlohmann::json write(const SensorSpec& sensor);
nlohmann::json write(const AlertSpec& alert);
nlohmann::json write(const ExposureSpec& exposure);
nlohmann::json write_project(const Definitions& definitions);  ///< all that has no line of its own

// These throw nlohmann::json::exception or std::invalid_argument for a damaged value. What they read is moved out of
// `value`.
RunSpec read_run(nlohmann::json& value);
CheckSpec read_check(nlohmann::json& value);
AssetSpec read_asset(nlohmann::json& value);
ImportSpec read_import(nlohmann::json& value);
JobSpec read_job(nlohmann::json& value);
ScheduleSpec read_schedule(nlohmann::json& value);
SensorSpec read_sensor(nlohmann::json& value);
AlertSpec read_alert(nlohmann::json& value);
ExposureSpec read_exposure(nlohmann::json& value);
void read_project(nlohmann::json& value, Definitions& into);

}  // namespace assetd::compiled
