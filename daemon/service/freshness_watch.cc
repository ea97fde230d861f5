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

std::vector<FreshnessTold> FreshnessWatch::step(WallTime now, CommitBatch& batch) {
  while (!queue_.empty() && queue_.begin()->first <= now) {
    const auto asset = queue_.begin()->second;
    looked_for_.insert(asset);
    due_.erase(asset);
    queue_.erase(queue_.begin());
  }
  std::vector<FreshnessTold> told;
  for (const auto asset : std::exchange(looked_for_, {}))
    if (auto change = look_at(asset, now, batch)) told.push_back(std::move(*change));
  return told;
}

std::optional<FreshnessTold> FreshnessWatch::look_at(AssetId asset, WallTime now, CommitBatch& batch) {
  const auto& spec = project_->definitions.assets[asset];
  const auto& state = book_.current(asset);
  const auto& made = state.last_materialization;
  if (const auto due = due_.find(asset); due != due_.end()) {
    queue_.erase({due->second, asset});
    due_.erase(due);
  }
  if (!made) return std::nullopt;
  const auto data_at = data_time(spec.freshness, made->metadata, made->at);
  if (const auto next = next_change(spec.freshness, data_at, now)) {
    queue_.emplace(*next, asset);
    due_.emplace(asset, *next);
  }
  const auto found = freshness_at(spec.freshness, data_at, now);
  const std::string name(to_string(found));
  if (state.freshness == name) return std::nullopt;
  const auto before = std::exchange(book_.stage(spec.key).freshness, name);
  if (before.empty() && found == Freshness::fresh) return std::nullopt;
  nlohmann::json changes = {{"freshness", name}, {"from", before.empty() ? nlohmann::json() : nlohmann::json(before)}, {"data_at", format_time(data_at)}};
  std::string detail = "its data is of " + format_time(data_at);
  if (const auto end = violated_at(spec.freshness, data_at)) {
    changes["violated_at"] = format_time(*end);
    detail += (found == Freshness::violated ? " and was due to be newer by " : " and is due to be newer by ") + format_time(*end);
  }
  batch.events.push_back({0, now, "asset_changed", 0, spec.key, {{"key", spec.key}}, std::move(changes)});
  return FreshnessTold{spec.key, found, std::move(detail)};
}

}  // namespace assetd
