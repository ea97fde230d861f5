#include "daemon/service/asset_book.h"

#include <mutex>

namespace assetd {
void AssetBook::load(std::vector<std::pair<std::string, AssetState>> states) {
  std::unique_lock lock(mutex_);
  elsewhere_.clear();
  for (auto& state : table_.states) state = {};
  for (auto& [key, state] : states) {
    const auto id = table_.project ? table_.project->graph.find(key) : std::nullopt;
    if (id) table_.states[*id] = std::move(state);
    else elsewhere_.insert_or_assign(key, std::move(state));
  }
  if (table_.project) table_.stale.rebuild(table_.view());
  table_.changed.assign(table_.states.size(), ++revision_);
  table_.waived.clear();
  for (AssetId id = 0; id < table_.states.size(); ++id) note_waived(id);
}

void AssetBook::use(std::shared_ptr<const Project> project, std::map<std::string, std::string> names) {
  std::unique_lock lock(mutex_);
  names_ = std::move(names);
  if (table_.project)
    for (AssetId id = 0; id < table_.states.size(); ++id) {
      auto& state = table_.states[id];
      if (state.in_progress || state.awaited_since || state.last_attempt || state.last_materialization || !state.checks.empty() || !state.waivers.empty())
        elsewhere_.insert_or_assign(table_.project->graph.key(id), std::move(state));
    }
  table_.states.assign(project->definitions.assets.size(), {});
  for (AssetId id = 0; id < table_.states.size(); ++id) {
    const auto& asset = project->definitions.assets[id];
    auto found = elsewhere_.find(asset.key);
    const auto former = asset.renamed_from.empty() || project->graph.find(asset.renamed_from) ? elsewhere_.end() : elsewhere_.find(asset.renamed_from);
    // What another asset of this name left behind once is not its own.
    const bool renamed = former != elsewhere_.end() && (found == elsewhere_.end() || names_.contains(asset.renamed_from));
    if (renamed) found = former;
    if (found == elsewhere_.end()) continue;
    table_.states[id] = std::move(found->second);
    elsewhere_.erase(found);
    if (renamed) staged_[asset.key] = table_.states[id];
  }
  table_.project = std::move(project);
  table_.stale.rebuild(table_.view());
  table_.changed.assign(table_.states.size(), ++revision_);
  table_.waived.clear();
  for (AssetId id = 0; id < table_.states.size(); ++id) note_waived(id);
}

/// Keeps what is below an asset with a waiver; true where that is another set than before.
bool AssetBook::note_waived(AssetId id) {
  if (table_.states[id].waivers.empty()) return table_.waived.erase(id) > 0;
  const AssetId roots[] = {id};
  table_.waived.insert_or_assign(id, table_.project->graph.descendants(roots));
  return true;
}

Waivers AssetBook::waivers() const {
  Waivers all;
  for (const auto& [id, below] : table_.waived)
    for (const auto& [of, waiver] : table_.states[id].waivers) all.emplace(WaiverKey{table_.project->graph.key(id), of.check, of.partition}, waiver);
  return all;
}

const AssetState* AssetBook::committed(const std::string& key) const {
  if (table_.project)
    if (const auto id = table_.project->graph.find(key)) return &table_.states[*id];
  const auto it = elsewhere_.find(key);
  return it == elsewhere_.end() ? nullptr : &it->second;
}

const AssetState& AssetBook::current(AssetId asset) const {
  const auto it = staged_.find(table_.project->graph.key(asset));
  return it != staged_.end() ? it->second : table_.states[asset];
}

std::vector<std::string> AssetBook::uncounted() const {
  std::vector<std::string> keys;
  for (AssetId id = 0; id < table_.states.size(); ++id)
    if (!current(id).debts.uncounted.empty()) keys.push_back(table_.project->graph.key(id));
  return keys;
}

const AssetState* AssetBook::find(const std::string& key) const {
  const auto it = staged_.find(key);
  return it != staged_.end() ? &it->second : committed(key);
}

AssetState& AssetBook::stage(const std::string& name) {
  const auto renamed = names_.find(name);
  const auto& key = renamed == names_.end() ? name : renamed->second;
  const auto it = staged_.find(key);
  if (it != staged_.end()) return it->second;
  const auto* state = committed(key);
  return staged_.emplace(key, state ? *state : AssetState{}).first->second;
}

std::vector<std::string> AssetBook::in_progress_by(RunId run) const {
  const auto is_by = [run](const AssetState& state) { return state.in_progress && state.in_progress->run == run; };
  std::vector<std::string> keys;
  for (AssetId id = 0; id < table_.states.size(); ++id)
    if (is_by(table_.states[id])) keys.push_back(table_.project->graph.key(id));
  for (const auto& [key, state] : elsewhere_)
    if (is_by(state)) keys.push_back(key);
  return keys;
}

std::vector<std::pair<std::string, AssetState>> AssetBook::take_staged() {
  std::vector<std::pair<std::string, AssetState>> result;
  result.reserve(staged_.size());
  for (auto& [key, state] : staged_) result.emplace_back(key, std::move(state));
  staged_.clear();
  return result;
}

void AssetBook::apply(const std::vector<std::pair<std::string, AssetState>>& committed_states, std::int64_t as_of) {
  std::unique_lock lock(mutex_);
  if (!committed_states.empty()) ++revision_;
  bool shows_below = false;
  std::vector<AssetId> changed;
  for (const auto& [key, state] : committed_states) {
    const auto id = table_.project ? table_.project->graph.find(key) : std::nullopt;
    if (id) {
      const bool same = table_.states[*id].waivers == state.waivers;
      table_.states[*id] = state;
      table_.changed[*id] = revision_;
      if (!same && note_waived(*id)) shows_below = true;
      changed.push_back(*id);
    } else {
      elsewhere_.insert_or_assign(key, state);
    }
  }
  if (shows_below) table_.changed.assign(table_.states.size(), revision_);
  for (const auto id : table_.project ? table_.stale.update(table_.view(), changed) : std::vector<AssetId>{}) table_.changed[id] = revision_;
  table_.as_of = as_of;
}

void AssetBook::read(const std::function<void(const AssetTable&)>& reader) const {
  std::shared_lock lock(mutex_);
  reader(table_);
}

}  // namespace assetd
