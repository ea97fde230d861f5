// What follows from the states of assets: staleness and freshness.

#include "core/schedule/cron.h"
#include "daemon/service/service.h"

namespace assetd {

bool AssetTable::is_stale(AssetId id) const {
  if (stale.size() == states.size()) return stale.is_stale(id);
  StaleSet set;
  set.rebuild(view());
  return set.is_stale(id);
}

std::vector<StaleReason> AssetTable::staleness(AssetId id, bool chains) const {
  if (stale.size() == states.size()) return stale_reasons(view(), stale, id, chains);
  StaleSet set;
  set.rebuild(view());
  return stale_reasons(view(), set, id, chains);
}

// Where there is a deadline, what was told last holds until its moment has come (freshness_watch): cron is too dear for every row of every list.
std::string AssetTable::freshness(AssetId id, WallTime now) const {
  const auto& spec = project->definitions.assets[id].freshness;
  const auto& state = states[id];
  if (!spec.deadline.empty() && !state.freshness.empty() && state.last_materialization) return state.freshness;
  return std::string(to_string(freshness_at(spec, state.data_at(spec), now)));
}

}  // namespace assetd
