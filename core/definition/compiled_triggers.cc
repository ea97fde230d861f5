// The compiled form of jobs, schedules, alerts and exposures.
#include "core/definition/compiled_fields.h"
#include "core/definition/compiled_values.h"

namespace assetd::compiled {

Json write(const JobSpec& job) {
  Json object = Json::object();
  put(object, "name", job.name);
  put(object, "select", job.select);
  put(object, job.select_source, "select_at");
  put_terms(object, job.terms);
  put(object, job.source);
  return object;
}

JobSpec read_job(Json& value) {
  JobSpec job;
  take(value, "name", job.name);
  take(value, "select", job.select);
  take(value, job.select_source, "select_at");
  take_terms(value, job.terms);
  take(value, job.source);
  return job;
}

Json write(const ScheduleSpec& schedule) {
  const ScheduleSpec unset;
  Json object = Json::object();
  put(object, "name", schedule.name);
  put(object, "job", schedule.job);
  put(object, "select", schedule.select);
  put(object, schedule.target_source, "target_at");
  put(object, "cron", schedule.cron);
  put(object, "timezone", schedule.timezone);
  put_enum(object, "misfire", schedule.misfire, unset.misfire);
  put_enum(object, "overlap", schedule.overlap, unset.overlap);
  if (schedule.jitter != unset.jitter) object["jitter"] = schedule.jitter.count();
  put(object, "paused", schedule.paused);
  put_terms(object, schedule.terms);
  put(object, schedule.source);
  return object;
}

ScheduleSpec read_schedule(Json& value) {
  ScheduleSpec schedule;
  take(value, "name", schedule.name);
  take(value, "job", schedule.job);
  take(value, "select", schedule.select);
  take(value, schedule.target_source, "target_at");
  take(value, "cron", schedule.cron);
  take(value, "timezone", schedule.timezone);
  take_enum(value, "misfire", schedule.misfire);
  take_enum(value, "overlap", schedule.overlap);
  take(value, "jitter", schedule.jitter);
  take(value, "paused", schedule.paused);
  take_terms(value, schedule.terms);
  take(value, schedule.source);
  return schedule;
}

Json write(const ExposureSpec& exposure) {
  Json object = Json::object();
  put(object, "name", exposure.name);
  put(object, "type", exposure.type);
  put(object, "owner", exposure.owner);
  put(object, "url", exposure.url);
  put(object, "description", exposure.description);
  put(object, "depends_on", exposure.depends_on);
  put(object, "import", exposure.import, -1);
  put(object, exposure.source);
  return object;
}

ExposureSpec read_exposure(Json& value) {
  ExposureSpec exposure;
  take(value, "name", exposure.name);
  take(value, "type", exposure.type);
  take(value, "owner", exposure.owner);
  take(value, "url", exposure.url);
  take(value, "description", exposure.description);
  take(value, "depends_on", exposure.depends_on);
  take(value, "import", exposure.import);
  take(value, exposure.source);
  return exposure;
}

Json write(const AlertSpec& alert) {
  const AlertSpec unset;
  Json object = Json::object();
  put(object, "name", alert.name);
  for (const auto event : alert.on) object["on"].push_back(name_of(event));
  put(object, "select", alert.select);
  put(object, alert.select_source, "select_at");
  put(object, "owners", alert.owners);
  if (alert.webhook) {
    Json& webhook = object["webhook"] = {{"url", alert.webhook->url}};
    put_enum(webhook, "form", alert.webhook->form, WebhookForm::json);
    put(webhook, "secret", alert.webhook->secret);
  }
  if (alert.email) {
    Json& email = object["email"] = {{"server", alert.email->server}, {"from", alert.email->from}, {"to", alert.email->to}};
    put(email, "user", alert.email->user);
    put(email, "password", alert.email->password);
  }
  put(object, "program", alert.program);
  if (alert.openlineage) {
    Json& lineage = object["openlineage"] = {{"url", alert.openlineage->url}, {"namespace", alert.openlineage->name_space}};
    put(lineage, "headers", alert.openlineage->headers);
  }
  if (alert.repeat != unset.repeat) object["repeat"] = alert.repeat.count();
  if (alert.timeout != unset.timeout) object["timeout"] = alert.timeout.count();
  if (alert.give_up != unset.give_up) object["give_up"] = alert.give_up.count();
  put(object, alert.source);
  return object;
}

AlertSpec read_alert(Json& value) {
  AlertSpec alert;
  take(value, "name", alert.name);
  if (const auto on = value.find("on"); on != value.end())
    for (const auto& event : *on) alert.on.push_back(enum_value<AlertEvent>(event));
  take(value, "select", alert.select);
  take(value, alert.select_source, "select_at");
  take(value, "owners", alert.owners);
  if (const auto webhook = value.find("webhook"); webhook != value.end()) {
    auto& into = alert.webhook.emplace();
    take(*webhook, "url", into.url);
    take_enum(*webhook, "form", into.form);
    take(*webhook, "secret", into.secret);
  }
  if (const auto email = value.find("email"); email != value.end()) {
    auto& into = alert.email.emplace();
    take(*email, "server", into.server);
    take(*email, "from", into.from);
    take(*email, "to", into.to);
    take(*email, "user", into.user);
    take(*email, "password", into.password);
  }
  take(value, "program", alert.program);
  if (const auto lineage = value.find("openlineage"); lineage != value.end()) {
    auto& into = alert.openlineage.emplace();
    take(*lineage, "url", into.url);
    take(*lineage, "namespace", into.name_space);
    take(*lineage, "headers", into.headers);
  }
  take(value, "repeat", alert.repeat);
  take(value, "timeout", alert.timeout);
  take(value, "give_up", alert.give_up);
  take(value, alert.source);
  return alert;
}

}  // namespace assetd::compiled
