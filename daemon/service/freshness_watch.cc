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
    if (const auto& state = book_.current(id); !project_->definitions.assets[id].freshness.empty() || !state.freshness.empty() || state.awaited_since) looked_for_.insert(looked_for_.end(), id);
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
  if (const auto due = due_.find(asset); due != due_.end()) {
    queue_.erase({due->second, asset});
    due_.erase(due);
  }
  if (spec.freshness.empty()) return tell(asset, Freshness::none, nlohmann::json::object(), "", now, batch);
  const auto data_at = book_.current(asset).data_at(spec.freshness);
  if (!data_at) return look_at_awaited(asset, now, batch);
  if (const auto next = next_change(spec.freshness, *data_at, now)) wait(asset, *next);
  const auto found = freshness_at(spec.freshness, *data_at, now);
  nlohmann::json changes = {{"data_at", format_time(*data_at)}};
  std::string detail = "its data is of " + format_time(*data_at);
  if (const auto end = violated_at(spec.freshness, *data_at)) {
    changes["violated_at"] = format_time(*end);
    detail += (found == Freshness::violated ? " and was due to be newer by " : " and is due to be newer by ") + format_time(*end);
  }
  return tell(asset, found, std::move(changes), std::move(detail), now, batch);
}

/// It was never made: told once, when it was due to be made for the first time; and taken back where other definitions give it more time.
std::optional<FreshnessTold> FreshnessWatch::look_at_awaited(AssetId asset, WallTime now, CommitBatch& batch) {
  const auto& spec = project_->definitions.assets[asset];
  auto since = book_.current(asset).awaited_since;
  if (!since) since = book_.stage(spec.key).awaited_since = now;
  const auto end = violated_at(spec.freshness, awaited_as(spec.freshness, *since));
  if (!end) return std::nullopt;
  if (now <= *end) {
    constexpr Millis kFirstMoment{1};
    wait(asset, *end + kFirstMoment);
    if (book_.current(asset).freshness.empty()) return std::nullopt;
    return tell(asset, Freshness::none, {{"data_at", nullptr}, {"violated_at", format_time(*end)}}, "it was never made and is due by " + format_time(*end), now, batch);
  }
  return tell(asset, Freshness::violated, {{"data_at", nullptr}, {"violated_at", format_time(*end)}}, "it was never made and was due by " + format_time(*end), now, batch);
}

void FreshnessWatch::wait(AssetId asset, WallTime until) {
  queue_.emplace(until, asset);
  due_.emplace(asset, until);
}

/// Where it is another than what was told last. That what was never told of is as it should be tells nobody anything.
std::optional<FreshnessTold> FreshnessWatch::tell(AssetId asset, Freshness found, nlohmann::json changes, std::string detail, WallTime now, CommitBatch& batch) {
  const auto& key = project_->definitions.assets[asset].key;
  const std::string name(to_string(found));
  if (book_.current(asset).freshness == name) return std::nullopt;
  auto& state = book_.stage(key);
  const auto before = std::exchange(state.freshness, found == Freshness::none ? "" : name);
  if (project_->definitions.assets[asset].freshness.empty()) state.awaited_since.reset();
  if (before.empty() && found != Freshness::warn && found != Freshness::violated) return std::nullopt;
  changes["freshness"] = name;
  changes["from"] = before.empty() ? nlohmann::json() : nlohmann::json(before);
  batch.events.push_back({0, now, "asset_changed", 0, key, {{"key", key}}, std::move(changes)});
  return FreshnessTold{key, found, std::move(detail)};
}

}  // namespace assetd
