#include "core/forecast/durations.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace assetd {
namespace {

/// The smallest value that at least `share` of them do not exceed (nearest rank). Not of none.
Millis quantile(std::vector<Millis> values, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::ranges::nth_element(values, at);
  return *at;
}

/// The middles of several assets' durations.
struct Middles {
  std::vector<Millis> typical, slow;
  void add(const AssumedDuration& each) {
    typical.push_back(each.typical);
    slow.push_back(each.slow);
  }
  AssumedDuration middle(AssumedDuration::From from) const { return {quantile(typical, 0.5), quantile(slow, 0.5), from, 0}; }
};

}  // namespace

std::string_view to_string(AssumedDuration::From from) {
  constexpr std::string_view kNames[] = {"history", "group", "project", "nothing"};
  return kNames[static_cast<int>(from)];
}

Durations::Durations(const Definitions& definitions, std::span<const std::vector<Millis>> samples) {
  unknown_ = {kUnknownDuration, kUnknownDuration, AssumedDuration::From::nothing, 0};
  Middles all;
  std::map<std::string, Middles> groups;
  for (std::size_t id = 0; id < definitions.assets.size(); ++id) {
    const auto& asset = definitions.assets[id];
    if (id >= samples.size() || samples[id].empty()) continue;
    const AssumedDuration own{quantile(samples[id], 0.5), quantile(samples[id], 0.9), AssumedDuration::From::history, samples[id].size()};
    known_[asset.key] = own;
    all.add(own);
    groups[asset.group].add(own);
  }
  if (!all.typical.empty()) unknown_ = all.middle(AssumedDuration::From::project);
  for (const auto& asset : definitions.assets) {
    if (known_.contains(asset.key)) continue;
    const auto group = asset.group.empty() ? groups.end() : groups.find(asset.group);
    known_[asset.key] = group == groups.end() ? unknown_ : group->second.middle(AssumedDuration::From::group);
  }
}

const AssumedDuration& Durations::of(const std::string& key) const {
  const auto it = known_.find(key);
  return it == known_.end() ? unknown_ : it->second;
}

void Durations::speed_up(const std::string& key, double factor) {
  const auto it = known_.find(key);
  if (it == known_.end()) return;
  const auto shorter = [factor](Millis time) { return Millis(std::llround(static_cast<double>(time.count()) / factor)); };
  it->second.typical = shorter(it->second.typical);
  it->second.slow = shorter(it->second.slow);
  it->second.speed *= factor;
}

}  // namespace assetd
