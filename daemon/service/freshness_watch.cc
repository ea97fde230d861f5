#include "daemon/service/freshness_watch.h"

#include "core/freshness/freshness.h"
#include "core/schedule/cron.h"

namespace assetd {

void FreshnessWatch::use(std::shared_ptr<const Project> project) {
  project_ = std::move(project);
  looked_for_.clear();
  queue_.clear();
  due_.clear();
  for (AssetId id = 0; id < project_->definitions.assets.size(); ++id)
    if (!project_->definitions.assets[id].freshness.empty()) looked_for_.insert(looked_for_.end(), id);
}

void FreshnessWatch::note(const Change& change) {
  const auto* made = std::get_if<Materialized>(&change);
  if (!made || !project_) return;
  const auto id = project_->graph.find(made->materialization.key);
  if (id && !project_->definitions.assets[*id].freshness.empty()) looked_for_.insert(*id);
}

void FreshnessWatch::step(WallTime now, CommitBatch& batch) {
  while (!queue_.empty() && queue_.begin()->first <= now) {
    const auto asset = queue_.begin()->second;
    looked_for_.insert(asset);
    due_.erase(asset);
    queue_.erase(queue_.begin());
  }
  for (const auto asset : std::exchange(looked_for_, {})) look_at(asset, now, batch);
}

void FreshnessWatch::look_at(AssetId asset, WallTime now, CommitBatch& batch) {
  const auto& spec = project_->definitions.assets[asset];
  const auto& state = book_.current(asset);
  const auto& made = state.last_materialization;
  if (const auto due = due_.find(asset); due != due_.end()) {
    queue_.erase({due->second, asset});
    due_.erase(due);
  }
  if (!made) return;
  const auto data_at = data_time(spec.freshness, made->metadata, made->at);
  if (const auto next = next_change(spec.freshness, data_at, now)) {
    queue_.emplace(*next, asset);
    due_.emplace(asset, *next);
  }
  const std::string found(to_string(freshness_at(spec.freshness, data_at, now)));
  if (state.freshness == found) return;
  const auto before = std::exchange(book_.stage(spec.key).freshness, found);
  if (before.empty() && found == to_string(Freshness::fresh)) return;
  nlohmann::json changes = {{"freshness", found}, {"from", before.empty() ? nlohmann::json() : nlohmann::json(before)}, {"data_at", format_time(data_at)}};
  if (const auto end = violated_at(spec.freshness, data_at)) changes["violated_at"] = format_time(*end);
  batch.events.push_back({0, now, "asset_changed", 0, spec.key, {{"key", spec.key}}, std::move(changes)});
}

}  // namespace assetd
