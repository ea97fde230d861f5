#pragma once
// What starts runs by itself, in the shape of docs/api.md: schedules, sensors, automation.

#include "daemon/http/json_shapes.h"

namespace assetd::http {

/// A schedule names a job or a selection; people want to see the selection either way.
std::string select_of(const ScheduleSpec& spec, const Project* project);
/// What its runs run: what it says itself, else its job.
StepsMode steps_of(const ScheduleSpec& spec, const Project* project);
nlohmann::json tick_json(const TickRecord& tick);
std::expected<nlohmann::json, Response> schedule_json(const ScheduleView& view, const Project* project, Reader& reader);
nlohmann::json sensor_json(const SensorView& view);
nlohmann::json pause_json(const std::optional<AutomationPause>& pause);
/// Without the answer.
nlohmann::json automation_json(const AutomationView& view);

}  // namespace assetd::http
