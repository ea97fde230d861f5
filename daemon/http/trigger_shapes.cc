#include "daemon/http/trigger_shapes.h"

#include <algorithm>

#include "core/definition/names.h"

namespace assetd::http {

using nlohmann::json;

namespace {

std::string_view text_of(Misfire misfire) { return misfire == Misfire::skip ? "skip" : misfire == Misfire::once ? "once" : "all"; }

std::string_view text_of(Overlap overlap) {
  static constexpr std::string_view kNames[] = {"skip", "queue", "cancel_running", "allow"};
  return kNames[static_cast<int>(overlap)];
}

bool is_looked_at(const SensorSpec& spec) { return spec.kind != SensorKind::webhook && spec.kind != SensorKind::asset; }

/// What it waits for, on one line.
std::string watches(const SensorSpec& spec) {
  std::string text;
  switch (spec.kind) {
    case SensorKind::file: return spec.file.glob;
    case SensorKind::webhook: return "POST /api/v1/hooks/" + spec.name;
    case SensorKind::sql: return spec.sql.query;
    case SensorKind::asset:
      for (const auto happening : spec.asset.on) text += (text.empty() ? "" : ", ") + std::string(name_of(happening));
      return text + " of " + spec.asset.select;
    case SensorKind::program:
      for (const auto& word : spec.run.command) text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

}  // namespace

json tick_json(const TickRecord& tick) {
  return {{"instant", time_json(tick.instant)},
          {"at", time_json(tick.at)},
          {"outcome", to_string(tick.outcome)},
          {"reason", text_or_null(tick.reason)},
          {"run_id", tick.run ? json(id_text(*tick.run)) : json()}};
}

StepsMode steps_of(const ScheduleSpec& spec, const Project* project) {
  if (spec.terms.steps) return *spec.terms.steps;
  if (!project || spec.job.empty()) return StepsMode::all;
  const auto job = std::ranges::find(project->definitions.jobs, spec.job, &JobSpec::name);
  return job == project->definitions.jobs.end() ? StepsMode::all : job->terms.steps.value_or(StepsMode::all);
}

std::string select_of(const ScheduleSpec& spec, const Project* project) {
  if (!spec.select.empty() || !project) return spec.select;
  const auto& jobs = project->definitions.jobs;
  const auto job = std::ranges::find(jobs, spec.job, &JobSpec::name);
  return job == jobs.end() ? "" : job->select;
}

std::expected<json, Response> schedule_json(const ScheduleView& view, const Project* project, Reader& reader) {
  const auto last = reader.ticks(view.spec.name, {1, ""});
  if (!last) return std::unexpected(store_problem(last.error()));
  json next = json::array();
  for (const auto tick : view.next_ticks) next.push_back(time_json(tick));
  return json{{"name", view.spec.name},
              {"job", text_or_null(view.spec.job)},
              {"select", text_or_null(select_of(view.spec, project))},
              {"cron", view.spec.cron},
              {"timezone", view.spec.timezone},
              {"misfire", text_of(view.spec.misfire)},
              {"overlap", text_of(view.spec.overlap)},
              {"jitter_ms", view.spec.jitter.count()},
              {"steps", name_of(steps_of(view.spec, project))},
              {"paused", view.paused},
              {"paused_by", text_or_null(view.paused_by)},
              {"pause_reason", text_or_null(view.pause_reason)},
              {"next_ticks", next},
              {"last_tick", last->items.empty() ? json() : tick_json(last->items.front())},
              {"source", source_json(view.spec.source)}};
}

json sensor_json(const SensorView& view) {
  const auto& spec = view.spec;
  json refused;
  if (view.refused > 0) refused = {{"count", view.refused}, {"at", time_json(view.refused_at)}, {"why", view.refused_why}};
  return {{"name", spec.name},
          {"kind", name_of(spec.kind)},
          {"watches", watches(spec)},
          {"select", text_or_null(view.select)},
          {"job", text_or_null(spec.job)},
          {"every_ms", is_looked_at(spec) ? json(spec.every.count()) : json()},
          {"timeout_ms", spec.timeout.count()},
          {"overlap", name_of(spec.overlap)},
          {"paused", view.paused},
          {"paused_by", text_or_null(view.state.paused_by)},
          {"pause_reason", text_or_null(view.state.pause_reason)},
          {"held", text_or_null(view.held)},
          {"evaluating", view.evaluating},
          {"notified", view.followed},
          {"failures", view.state.failures},
          {"next_at", time_json(view.next_at)},
          {"evaluated_at", time_json(view.state.evaluated_at)},
          {"fired_at", time_json(view.state.fired_at)},
          {"cursor", text_or_null(shown_cursor(spec.kind, view.state.cursor))},
          {"last_tick", view.last_tick ? to_json(*view.last_tick) : json()},
          {"refused", std::move(refused)},
          {"hook", spec.kind == SensorKind::webhook ? json("/api/v1/hooks/" + spec.name) : json()},
          {"source", source_json(spec.source)}};
}

json pause_json(const std::optional<AutomationPause>& pause) { return pause ? to_json(*pause) : json(); }

json automation_json(const AutomationView& view) {
  return {{"key", view.key}, {"condition", text_or_null(view.condition)}, {"holds", view.holds}, {"requested_at", time_json(view.requested_at)},
          {"run_id", id_or_null(view.run)}, {"paused", pause_json(view.pause)}, {"next", text_or_null(view.next)}, {"held", text_or_null(view.held)}};
}

}  // namespace assetd::http
