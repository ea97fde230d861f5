// jobs: and schedules:.
#include "core/definition/reading.h"
#include "core/graph/selection.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {

constexpr std::int64_t kMostPriority = 1'000'000, kMostCounted = 1'000'000;

void check_cron(MapReader& reader, const std::string& cron) {
  const auto* node = reader.node().find("cron");
  if (!node || node->kind != YamlNode::Kind::scalar) return;
  const auto parsed = CronSchedule::parse_new(cron, "UTC");
  if (parsed) return;
  const auto offset = static_cast<std::size_t>(std::max(parsed.error().column - 1, 0));
  reader.file().error(reader.file().at(*node, offset),
                      "bad cron expression \"" + cron + "\": " + parsed.error().message,
                      "five fields: minute hour day-of-month month day-of-week, as in \"0 2 * * *\"");
}

std::string read_timezone(Reading& reading, MapReader& reader) {
  const auto timezone = reader.text("timezone");
  if (!timezone && !reader.node().find("timezone") && reading.timezone.empty())
    reader.file().error(reader.at(), "the schedule needs a timezone",
                        "add timezone: Europe/London, or one for all at the top of assetd.yaml");
  if (!timezone) return reading.timezone;
  if (!is_timezone(*timezone)) {
    const auto nearest = nearest_timezone(*timezone);
    reader.file().error(
        reader.at("timezone"), "there is no time zone \"" + *timezone + "\"",
        nearest.empty() ? "use an IANA name such as Europe/London" : "did you mean \"" + nearest + "\"?");
  }
  return *timezone;
}

void read_target(MapReader& reader, ScheduleSpec& schedule) {
  const auto *job = reader.take("job"), *select = reader.take("select");
  if (job && select) reader.file().error(*select, "a schedule has either job or select, not both");
  if (!job && !select)
    reader.file().error(reader.at(), "a schedule needs a job or a select", "add job: NAME, or select: \"…\"");
  if (job) {
    schedule.job = reader.text("job").value_or("");
    schedule.target_source = reader.file().at(*job);
  } else if (select) {
    schedule.select = reader.text("select").value_or("");
    schedule.target_source = check_selection(reader.file(), *select);
  }
}

RunTerms read_terms(MapReader& reader) {
  RunTerms terms;
  terms.timeouts = {reader.duration("timeout"), reader.duration("queue_timeout")};
  if (const auto priority = reader.integer("priority", -kMostPriority, kMostPriority)) terms.priority = static_cast<int>(*priority);
  if (const auto steps = reader.integer("max_steps", 1, kMostCounted)) terms.max_steps = static_cast<int>(*steps);
  terms.tags = read_tags(reader);
  terms.steps = reader.word<StepsMode>("steps");
  return terms;
}

// All missed ticks come at the same moment, so that those after the oldest meet its run.
void check_misfire(Reading& reading, const MapReader& reader, const ScheduleSpec& schedule) {
  if (schedule.misfire != Misfire::all || schedule.overlap != Overlap::skip) return;
  reading.problems.warn(reader.at("misfire"), "misfire: all with overlap: skip makes up for the oldest missed tick only, since the others come while its run is not over; "
                                              "write overlap: allow for all of them, or misfire: once for the newest");
}

}  // namespace

SourceRef check_selection(const SourceFile& file, const YamlNode& node) {
  if (node.kind == YamlNode::Kind::scalar)
    if (const auto checked = check_selection_syntax(node.text); !checked) {
      const auto offset = static_cast<std::size_t>(std::max(checked.error().column - 1, 0));
      file.error(file.at(node, offset), "bad selection: " + checked.error().message);
    }
  return file.at(node, 0);
}

// limits: {runs: 10, tags: {"team=growth": 2, backfill: 1}}
void read_run_limits(Reading& reading, MapReader& project) {
  const auto* node = project.take("limits");
  if (!node) return;
  MapReader reader(project.file(), *node, "limits:");
  auto& limits = reading.definitions().limits;
  if (const auto runs = reader.integer("runs", 1, kMostCounted)) limits.runs = static_cast<int>(*runs);
  if (const auto* tags = reader.take("tags")) {
    MapReader counted(project.file(), *tags, "tags:");
    for (const auto& entry : tags->entries) {
      if (entry.key.empty() || entry.key.front() == '=')
        project.file().error(project.file().key_at(entry), "\"" + entry.key + "\" is no tag", "write tag: 2 for all its values, or \"tag=value\": 2 for one");
      if (const auto most = counted.integer(entry.key, 1, kMostCounted)) limits.tags[entry.key] = static_cast<int>(*most);
    }
  }
  reader.refuse_rest();
}

void read_job(Reading& reading, const SourceFile& file, const YamlNode& node) {
  MapReader reader(file, node, "a job");
  if (!reader.is_map()) return;
  JobSpec job;
  job.source = file.at(node);
  job.name = read_name(reader);
  job.select = reader.required_text("select");
  if (const auto* select = reader.take("select")) job.select_source = check_selection(file, *select);
  job.terms = read_terms(reader);
  reader.refuse_rest();
  if (!job.name.empty()) reading.definitions().jobs.push_back(std::move(job));
}

void read_schedule(Reading& reading, const SourceFile& file, const YamlNode& node) {
  MapReader reader(file, node, "a schedule");
  if (!reader.is_map()) return;
  ScheduleSpec schedule;
  schedule.source = file.at(node);
  schedule.name = read_name(reader);
  read_target(reader, schedule);
  schedule.cron = reader.required_text("cron");
  check_cron(reader, schedule.cron);
  schedule.timezone = read_timezone(reading, reader);
  schedule.misfire = reader.word<Misfire>("misfire").value_or(Misfire::once);
  schedule.overlap = reader.word<Overlap>("overlap").value_or(Overlap::skip);
  check_misfire(reading, reader, schedule);
  schedule.jitter = reader.duration("jitter").value_or(Millis{0});
  schedule.terms = read_terms(reader);
  schedule.paused = reader.boolean("paused").value_or(false) || reading.schedules_paused;
  reader.refuse_rest();
  if (!schedule.name.empty()) reading.definitions().schedules.push_back(std::move(schedule));
}

}  // namespace assetd
