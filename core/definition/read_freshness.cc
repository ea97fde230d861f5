// freshness: how old the data of an asset may become.
#include "core/definition/reading.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {

constexpr int kDeadlinesLookedAt = 400;  // more than a year of days
constexpr WallTime kSomeMonday{Millis(1'767'571'200'000)};  // 2026-01-05

/// A warning that begins before the deadline before it is over would never end.
void check_warning(MapReader& reader, const FreshnessSpec& spec, const CronSchedule& deadlines) {
  if (!spec.warn) return;
  Millis longest{0};
  auto last = deadlines.next(kSomeMonday);
  for (int i = 0; last && i < kDeadlinesLookedAt && longest <= *spec.warn; ++i) {
    const auto next = deadlines.next(*last);
    if (!next) return;
    longest = std::max(longest, *next - *last);
    last = next;
  }
  if (longest <= *spec.warn)
    reader.file().error(reader.at("warn"), "\"warn\" is so long before each deadline, and there is a deadline more often than that: it would always warn", "make it shorter than the time between two deadlines");
}

void read_deadline(MapReader& reader, FreshnessSpec& spec) {
  const auto* node = reader.take("deadline");
  spec.deadline = reader.text("deadline").value_or("");
  spec.timezone = reader.text("timezone").value_or("");
  if (!node) {
    if (!spec.timezone.empty()) reader.file().error(reader.at("timezone"), "\"timezone\" of \"freshness\" is for a \"deadline\", and there is none");
    return;
  }
  if (!spec.timezone.empty() && !is_timezone(spec.timezone)) {
    const auto near = nearest_timezone(spec.timezone);
    reader.file().error(reader.at("timezone"), "there is no time zone \"" + spec.timezone + "\"", near.empty() ? "give an IANA name like Europe/London" : "did you mean \"" + near + "\"?");
    return;
  }
  const auto cron = CronSchedule::parse_new(spec.deadline, spec.timezone.empty() ? "UTC" : spec.timezone);
  if (cron) return check_warning(reader, spec, *cron);
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
  if (spec.within && *spec.within <= Millis{0}) reader.file().error(reader.at("within"), "\"within\" must be longer than nothing: no data is that fresh", "as in within: 24h");
  spec.warn = reader.duration("warn");
  spec.of = reader.text("of").value_or("");
  if (reader.take("of") && spec.of.empty() && reader.take("of")->kind == YamlNode::Kind::scalar)
    reader.file().error(reader.at("of"), "\"of\" of \"freshness\" is empty", "name the metadata value that says of when the data is, or leave it out");
  read_deadline(reader, spec);
  if (spec.empty() && !reader.take("within") && !reader.take("deadline"))
    asset.file().error(*node, "\"freshness\" needs \"within\" or a \"deadline\"", "as in {within: 24h}, or {deadline: \"0 9 * * *\", timezone: Europe/London, within: 3h}");
  if (spec.within && spec.warn && *spec.warn >= *spec.within)
    asset.file().error(reader.at("warn"), "\"warn\" is so long before \"within\" is over, and must be shorter");
  reader.refuse_rest();
  return spec;
}

}  // namespace assetd
