#include "core/backfill/backfill.h"

#include <algorithm>

namespace assetd {
namespace {

/// Of dynamic keys that were removed.
IndexSet gone(const Partitions& divided, const IndexSet& set, WallTime now) {
  constexpr PartitionIndex kAllWindows = (PartitionIndex{1} << 32) - 1;  // the bits that a window has in a cross
  const auto& dimensions = divided.dimensions();
  if (std::ranges::none_of(dimensions, &Partitions::Dimension::dynamic)) return {};
  std::vector<IndexSet> there;
  for (std::size_t i = 0; i < dimensions.size(); ++i) there.push_back(dimensions[i].has_time() ? IndexSet::range(0, kAllWindows) : divided.existing_in(i, now));
  return set - divided.cross(there);
}

void clear_if_empty(std::vector<IndexSet>& sets) {
  if (std::ranges::all_of(sets, &IndexSet::empty)) sets.clear();
}

}  // namespace

IndexSet BackfillGroup::lost(std::size_t place) const {
  const auto ended = failed | skipped | canceled;
  return place < made.size() ? ended - made[place] : ended;
}

IndexSet BackfillGroup::to_make(std::size_t place, const IndexSet& set) const {
  auto out = place < made.size() ? set - made[place] : set;
  return place < blocked.size() ? out - blocked[place] : out;
}

BackfillPlaces::BackfillPlaces(const BackfillGroup& group, const Definitions& now) {
  places_.reserve(group.assets.size());
  for (std::size_t place = 0; place < group.assets.size(); ++place) places_.emplace(group.assets[place], place);
  for (const auto& asset : now.assets)
    if (!asset.renamed_from.empty())
      if (const auto place = of(asset.key)) places_.emplace(asset.renamed_from, *place);
}

std::optional<std::size_t> BackfillPlaces::of(std::string_view key) const {
  const auto it = places_.find(key);
  return it == places_.end() ? std::nullopt : std::optional(it->second);
}

std::optional<PartitionIndex> place_of(const std::string& key, const IndexSet& set, const Partitions* divided) {
  if (!divided || key.empty()) return PartitionIndex{0};
  if (const auto index = divided->index(key)) return index;
  std::optional<PartitionIndex> found;
  set.each([&](PartitionIndex index) {
    if (divided->key(index) == key) found = index;
  });
  return found;
}

IndexSet to_do(const Backfill& backfill, std::size_t group) {
  auto left = backfill.groups[group].wanted - backfill.groups[group].ended();
  for (const auto& [id, run] : backfill.runs)
    if (run.group == group) left = left - run.set;
  return left;
}

std::int64_t partitions_total(const Backfill& backfill) {
  std::int64_t count = 0;
  for (const auto& group : backfill.groups) count += group.wanted.size();
  return count;
}

std::int64_t partitions_ended(const Backfill& backfill) {
  std::int64_t count = 0;
  for (const auto& group : backfill.groups) count += group.ended().size();
  return count;
}

void BackfillRunEnd::add(std::optional<std::size_t> place, PartitionIndex partition, StepStatus status) {
  if (status == StepStatus::succeeded) {
    if (!place) return;
    if (made.size() <= *place) made.resize(*place + 1);
    return made[*place].insert(partition);
  }
  unsuccessful.insert(partition);
  if (status == StepStatus::canceled) canceled.insert(partition);
}

bool settle(Backfill& backfill, RunId run, const BackfillRunEnd& end) {
  const auto node = backfill.runs.extract(run);
  if (!node) return false;
  auto& group = backfill.groups[node.mapped().group];
  const auto& set = node.mapped().set;
  const auto successful = set - end.unsuccessful;
  IndexSet partly;
  for (const auto& blocked : group.blocked) partly = partly | (successful & blocked);
  group.succeeded = group.succeeded | (successful - partly);
  group.skipped = group.skipped | partly;
  group.canceled = group.canceled | (set & end.canceled);
  group.failed = group.failed | ((set & end.unsuccessful) - end.canceled);
  group.made.resize(group.assets.size());
  for (std::size_t place = 0; place < group.made.size(); ++place) {
    if (place < end.made.size()) group.made[place] = group.made[place] | (set & end.made[place]);
    group.made[place] = group.made[place] - group.succeeded;
  }
  clear_if_empty(group.made);
  return true;
}

std::optional<BackfillStatus> outcome(const Backfill& backfill) {
  if (is_over(backfill.status) || !backfill.runs.empty()) return std::nullopt;
  bool all = true;
  for (std::size_t group = 0; group < backfill.groups.size(); ++group) {
    if (!to_do(backfill, group).empty()) return std::nullopt;
    all = all && backfill.groups[group].succeeded == backfill.groups[group].wanted;
  }
  return all ? BackfillStatus::succeeded : BackfillStatus::failed;
}

void retry(Backfill& backfill) {
  for (auto& group : backfill.groups) {
    group.failed = group.skipped = group.canceled = {};
    group.blocked.clear();
  }
  backfill.status = BackfillStatus::running;
  backfill.ended_at.reset();
  backfill.reason.clear();
  backfill.detail.clear();
  backfill.by.clear();
}

// ---- The next runs

/// By place in the group: the partitions of `left` of which this asset cannot be made.
std::vector<IndexSet> BackfillPlan::lost(const Backfill& backfill, std::size_t group, const IndexSet& left, WallTime now) const {
  const auto& assets = assets_[group];
  const auto* divided = assets.empty() ? nullptr : table_->of(assets.front());
  std::vector<IndexSet> lost(assets.size(), divided ? gone(*divided, left, now) : IndexSet());
  for (const auto& edge : edges_[group]) {
    if (edge.strict) lost[edge.to] = lost[edge.to] | (below(edge, backfill.groups[edge.from].lost(edge.place), now) & left);
  }
  for (const auto& edge : inner_[group]) lost[edge.to] = lost[edge.to] | backfill.groups[group].to_make(edge.from, lost[edge.from]);
  return lost;
}

void BackfillPlan::skip_blocked(Backfill& backfill, WallTime now) const {
  for (std::size_t group = 0; group < edges_.size(); ++group) {
    auto& own = backfill.groups[group];
    const auto left = to_do(backfill, group);
    for (auto& set : own.blocked) set = set - own.ended() - left;  // of what is under way it stays as it began
    auto lost = this->lost(backfill, group, left, now);
    IndexSet any, whole = left;
    for (std::size_t place = 0; place < lost.size(); ++place) {
      any = any | own.to_make(place, lost[place]);
      whole = whole - own.to_make(place, left - lost[place]);
    }
    own.skipped = own.skipped | (any & whole);
    own.blocked.resize(lost.size());
    for (std::size_t place = 0; place < lost.size(); ++place) own.blocked[place] = own.blocked[place] | (own.to_make(place, lost[place]) - whole);
    clear_if_empty(own.blocked);
  }
}

std::string BackfillPlan::removed_in_words(const Backfill& backfill, WallTime now) const {
  constexpr std::size_t kShown = 3;
  std::int64_t count = 0;
  std::vector<std::string> keys;
  for (std::size_t group = 0; group < edges_.size(); ++group) {
    const auto* divided = assets_[group].empty() ? nullptr : table_->of(assets_[group].front());
    const auto removed = divided ? gone(*divided, backfill.groups[group].skipped, now) : IndexSet();
    count += removed.size();
    removed.first(kShown).each([&](PartitionIndex index) {
      if (keys.size() < kShown && std::ranges::find(keys, divided->key(index)) == keys.end()) keys.push_back(divided->key(index));
    });
  }
  if (count == 0) return "";
  std::string text = count == 1 ? "1 partition was skipped, as its key was removed: " : std::to_string(count) + " partitions were skipped, as their keys were removed: ";
  for (std::size_t i = 0; i < keys.size(); ++i) text += (i == 0 ? "" : ", ") + keys[i];
  return text + (count > static_cast<std::int64_t>(keys.size()) ? ", …" : "");
}

std::vector<std::pair<AssetId, IndexSet>> BackfillPlan::to_make(const Backfill& backfill, const Request& request) const {
  std::vector<std::pair<AssetId, IndexSet>> out;
  const auto& group = backfill.groups[request.group];
  for (std::size_t place = 0; place < group.assets.size(); ++place)
    if (auto set = group.to_make(place, request.set); !set.empty()) out.emplace_back(assets_[request.group][place], std::move(set));
  return out;
}

std::vector<BackfillPlan::Request> BackfillPlan::next(const Backfill& backfill, std::size_t count, WallTime now) const {
  std::vector<Request> requests;
  for (std::size_t group = 0; group < edges_.size() && requests.size() < count; ++group) {
    const auto left = to_do(backfill, group);
    auto ready = left;
    for (const auto& edge : edges_[group]) {
      if (ready.empty()) break;
      const auto& above = backfill.groups[edge.from];
      ready = ready - below(edge, above.wanted - above.ended(), now);
    }
    const auto per_run = backfill.groups[group].per_run;
    const auto waiting = !(left - ready).empty();
    while (!ready.empty() && requests.size() < count) {
      const auto size = per_run == 0 ? ready.size() : per_run;
      if (waiting && (per_run == 0 || ready.size() < size)) break;  // a process is given as many as it may be: the others come
      auto set = backfill.newest_first ? ready.last(size) : ready.first(size);
      ready = ready - set;
      requests.push_back({group, std::move(set)});
    }
  }
  return requests;
}

}  // namespace assetd
