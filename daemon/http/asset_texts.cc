#include "daemon/http/asset_texts.h"

#include <algorithm>

#include "daemon/http/asset_shapes.h"

namespace assetd::http {

AssetTexts::Stamp AssetTexts::stamp_of(const AssetTable& table, AssetId id, WallTime now) {
  Stamp stamp{table.project->version, id, table.changed[id], table.freshness(id, now)};
  for (const auto parent : table.project->graph.parents(id)) stamp.changed = std::max(stamp.changed, table.changed[parent]);
  return stamp;
}

AssetTexts::Text AssetTexts::of(const AssetTable& table, AssetId id, WallTime now) {
  const auto make = [&] { return std::make_shared<const std::string>(dump(asset_json(table, id, now))); };
  if (table.changed.size() != table.states.size()) return make();
  const Stamp stamp = stamp_of(table, id, now);
  auto& slot = slots_[id % kSlots];
  {
    const std::lock_guard lock(slot.mutex);
    if (slot.text && slot.stamp == stamp) return slot.text;
  }
  auto text = make();
  const std::lock_guard lock(slot.mutex);
  slot.stamp = stamp;
  slot.text = text;
  return text;
}

}  // namespace assetd::http
