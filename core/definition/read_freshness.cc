// freshness: how old the data of an asset may become.
#include "core/definition/reading.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {

void read_deadline(MapReader& reader, FreshnessSpec& spec) {
  const auto* node = reader.take("deadline");
  spec.deadline = reader.text("deadline").value_or("");
  spec.timezone = reader.text("timezone").value_or("");
  if (!node) {
    if (!spec.timezone.empty()) reader.file().error(reader.at("timezone"), "\"timezone\" of \"freshness\" is for a \"deadline\", and there is none");
    return;
  }
  if (!spec.timezone.empty() && !is_timezone(spec.timezone)) {
    reader.file().error(reader.at("timezone"), "there is no time zone \"" + spec.timezone + "\"", "did you mean \"" + nearest_timezone(spec.timezone) + "\"?");
    return;
  }
  const auto cron = CronSchedule::parse_new(spec.deadline, spec.timezone.empty() ? "UTC" : spec.timezone);
  if (cron) return;
  const auto offset = static_cast<std::size_t>(std::max(cron.error().column - 1, 0));
  reader.file().error(reader.file().at(*node, offset), "bad deadline \"" + spec.deadline + "\": " + cron.error().message, "a cron expression, as in \"0 9 * * *\"");
}

}  // namespace

FreshnessSpec read_freshness(MapReader& asset) {
  FreshnessSpec spec;
  const auto* node = asset.take("freshness");
  if (!node) return spec;
  MapReader reader(asset.file(), *node, "freshness:");
  if (!reader.is_map()) return spec;
  spec.within = reader.duration("within");
  spec.warn = reader.duration("warn");
  spec.of = reader.text("of").value_or("");
  read_deadline(reader, spec);
  if (spec.empty() && !reader.take("within") && !reader.take("deadline"))
    asset.file().error(*node, "\"freshness\" needs \"within\" or a \"deadline\"", "as in {within: 24h}, or {deadline: \"0 9 * * *\", timezone: Europe/London, within: 3h}");
  if (spec.within && spec.warn && *spec.warn >= *spec.within)
    asset.file().error(reader.at("warn"), "\"warn\" is so long before \"within\" is over, and must be shorter");
  reader.refuse_rest();
  return spec;
}

}  // namespace assetd
