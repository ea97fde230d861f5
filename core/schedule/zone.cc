#include "core/schedule/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/graph/asset_key.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {

using std::chrono::seconds;

date::local_seconds as_date(std::chrono::local_seconds time) { return date::local_seconds(time.time_since_epoch()); }

std::chrono::local_seconds local_end(const date::sys_info& info) {
  return std::chrono::local_seconds(info.end.time_since_epoch() + info.offset);
}

}  // namespace

std::optional<Zone> Zone::find(std::string_view name) {
  const auto& zones = date::get_tzdb().zones;  // sorted by name
  const auto at = std::lower_bound(zones.begin(), zones.end(), name,
                                   [](const auto& zone, std::string_view wanted) { return zone.name() < wanted; });
  if (at == zones.end() || at->name() != name) return std::nullopt;
  return Zone(&*at);
}

Zone::Stretch Zone::stretch(std::chrono::sys_seconds time) const {
  const auto info = zone_->get_info(time);
  return {info.begin, info.end, info.offset};
}

std::chrono::sys_seconds Zone::first_shown(std::chrono::local_seconds time) const {
  const auto info = zone_->get_info(as_date(time));
  if (info.result != date::local_info::nonexistent)
    return std::chrono::sys_seconds(time.time_since_epoch() - info.first.offset);
  const auto after_gap = info.second.begin.time_since_epoch() + info.second.offset;
  return std::chrono::sys_seconds(std::chrono::ceil<std::chrono::minutes>(after_gap) - info.second.offset);
}

std::optional<std::chrono::local_seconds> Zone::end_of_repetition(std::chrono::sys_seconds time) const {
  const auto local = stretch(time).to_local(time);
  const auto info = zone_->get_info(as_date(local));
  if (info.result != date::local_info::ambiguous || time < info.second.begin) return std::nullopt;
  return local_end(info.first);
}

bool is_timezone(std::string_view name) { return Zone::find(name).has_value(); }

std::string nearest_timezone(std::string_view name) {
  std::string wanted(name);
  std::ranges::replace(wanted, ' ', '_');
  std::vector<std::string_view> names;
  for (const auto& zone : date::get_tzdb().zones) names.emplace_back(zone.name());
  return nearest_name(wanted, names);
}

}  // namespace assetd
