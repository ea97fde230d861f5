#include "core/partition/partitions.h"

#include <algorithm>
#include <set>

namespace assetd {
namespace {

constexpr int kLowBits = 32;
constexpr PartitionIndex kLowMask = (PartitionIndex{1} << kLowBits) - 1;
constexpr char kSeparator = '|';

std::expected<std::shared_ptr<const NamedKeys>, std::string> listed(const StaticPartitionsSpec& spec) {
  if (spec.keys.empty()) return std::unexpected("static: needs at least one key");
  std::set<std::string_view> seen;
  for (const auto& key : spec.keys) {
    if (key.empty()) return std::unexpected("static: a key is empty");
    if (key.find(kSeparator) != std::string::npos) return std::unexpected("static: \"" + key + "\" has a |, which separates the keys of two dimensions");
    if (!seen.insert(key).second) return std::unexpected("static: \"" + key + "\" stands twice");
  }
  return std::make_shared<const NamedKeys>(spec.keys);
}

std::expected<Partitions::Dimension, std::string> make_dimension(const DimensionSpec& spec, const DynamicKeys& dynamic) {
  if (const auto* time = std::get_if<TimeWindowsSpec>(&spec.of)) {
    auto windows = TimeWindows::make(*time);
    if (!windows) return std::unexpected(windows.error());
    return Partitions::Dimension{spec.name, std::move(*windows)};
  }
  if (const auto* fixed = std::get_if<StaticPartitionsSpec>(&spec.of)) {
    auto keys = listed(*fixed);
    if (!keys) return std::unexpected(keys.error());
    return Partitions::Dimension{spec.name, std::move(*keys)};
  }
  const auto found = dynamic.find(std::get<DynamicPartitionsSpec>(spec.of).name);
  return Partitions::Dimension{spec.name, found == dynamic.end() ? std::make_shared<const NamedKeys>() : found->second, true};
}

std::string key_of(const Partitions::Dimension& dimension, PartitionIndex index) {
  if (const auto* windows = std::get_if<TimeWindows>(&dimension.of)) return windows->key(index);
  return std::get<1>(dimension.of)->key(index);
}

std::optional<PartitionIndex> index_of(const Partitions::Dimension& dimension, std::string_view key) {
  if (const auto* windows = std::get_if<TimeWindows>(&dimension.of)) return windows->index(key);
  return std::get<1>(dimension.of)->index(key);
}

IndexSet existing_of(const Partitions::Dimension& dimension, WallTime now) {
  if (const auto* windows = std::get_if<TimeWindows>(&dimension.of)) return IndexSet::range(0, windows->ended_by(now));
  return std::get<1>(dimension.of)->existing();
}

}  // namespace

// ---- Named keys

NamedKeys::NamedKeys(std::vector<std::string> keys) {
  for (const auto& key : keys) add(key);
}

PartitionIndex NamedKeys::add(const std::string& key) {
  const auto [it, fresh] = index_of_.try_emplace(key, static_cast<PartitionIndex>(keys_.size()));
  if (fresh) keys_.push_back(key);
  existing_.insert(it->second);
  return it->second;
}

bool NamedKeys::remove(const std::string& key) {
  const auto found = index(key);
  if (found) existing_.erase(*found);
  return found.has_value();
}

std::optional<PartitionIndex> NamedKeys::index(std::string_view key) const {
  const auto it = index_of_.find(key);
  return it != index_of_.end() && existing_.contains(it->second) ? std::optional(it->second) : std::nullopt;
}

// ---- Partitions

std::expected<Partitions, std::string> Partitions::make(const PartitionsSpec& spec, const DynamicKeys& dynamic) {
  if (spec.dimensions.empty() || spec.dimensions.size() > 2) return std::unexpected("multi: takes two dimensions");
  std::vector<Dimension> dimensions;
  for (const auto& each : spec.dimensions) {
    auto made = make_dimension(each, dynamic);
    if (!made) return std::unexpected(spec.dimensions.size() == 1 ? made.error() : each.name + ": " + made.error());
    dimensions.push_back(std::move(*made));
  }
  std::ranges::sort(dimensions, {}, &Dimension::name);
  if (dimensions.size() == 2 && dimensions[0].name == dimensions[1].name) return std::unexpected("multi: its two dimensions need different names");
  return Partitions(std::move(dimensions));
}

Partitions::Partitions(std::vector<Dimension> dimensions) : dimensions_(std::move(dimensions)) {
  low_ = dimensions_.size() - 1;
  if (dimensions_.size() == 2 && dimensions_[0].has_time() && !dimensions_[1].has_time()) low_ = 0;
}

std::vector<PartitionIndex> Partitions::split(PartitionIndex index) const {
  if (dimensions_.size() == 1) return {index};
  const PartitionIndex low = index & kLowMask, high = index >> kLowBits;
  return low_ == 0 ? std::vector{low, high} : std::vector{high, low};
}

PartitionIndex Partitions::join(const std::vector<PartitionIndex>& parts) const {
  return dimensions_.size() == 1 ? parts[0] : (parts[1 - low_] << kLowBits) | parts[low_];
}

std::string Partitions::key(PartitionIndex index) const {
  const auto parts = split(index);
  auto text = key_of(dimensions_[0], parts[0]);
  if (parts.size() == 2) text += kSeparator + key_of(dimensions_[1], parts[1]);
  return text;
}

std::optional<PartitionIndex> Partitions::index(std::string_view key) const {
  if (dimensions_.size() == 1) return index_of(dimensions_[0], key);
  const auto bar = key.find(kSeparator);
  if (bar == std::string_view::npos) return std::nullopt;
  const auto first = index_of(dimensions_[0], key.substr(0, bar)), second = index_of(dimensions_[1], key.substr(bar + 1));
  if (!first || !second) return std::nullopt;
  return join({*first, *second});
}

IndexSet Partitions::cross(const std::vector<IndexSet>& sets) const {
  if (sets.size() == 1) return sets[0];
  std::vector<IndexRange> ranges;
  sets[1 - low_].each([&](PartitionIndex high) {
    for (const auto& range : sets[low_].ranges()) ranges.push_back({(high << kLowBits) | range.begin, (high << kLowBits) | range.end});
  });
  return IndexSet(std::move(ranges));
}

std::vector<std::vector<IndexSet>> Partitions::products(const IndexSet& set) const {
  if (dimensions_.size() == 1) return {{set}};
  std::vector<std::vector<IndexSet>> out;
  for (auto range : set.ranges())
    while (range.begin < range.end) {
      const auto high = range.begin >> kLowBits, next = std::min(range.end, (high + 1) << kLowBits);
      std::vector<IndexSet> sets(2);
      sets[low_] = IndexSet::range(range.begin & kLowMask, next - (high << kLowBits));
      sets[1 - low_] = IndexSet::range(high, high + 1);
      out.push_back(std::move(sets));
      range.begin = next;
    }
  return out;
}

IndexSet Partitions::existing_in(std::size_t dimension, WallTime now) const { return existing_of(dimensions_[dimension], now); }

IndexSet Partitions::existing(WallTime now) const {
  std::vector<IndexSet> sets;
  for (const auto& dimension : dimensions_) sets.push_back(existing_of(dimension, now));
  return cross(sets);
}

IndexSet Partitions::usual(WallTime now) const {
  std::vector<IndexSet> sets;
  for (const auto& dimension : dimensions_) {
    auto set = existing_of(dimension, now);
    sets.push_back(dimension.has_time() ? set.last(1) : std::move(set));
  }
  return cross(sets);
}

std::optional<TimeWindow> Partitions::window(PartitionIndex index) const {
  const auto parts = split(index);
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (const auto* windows = std::get_if<TimeWindows>(&dimensions_[i].of)) return windows->window(parts[i]);
  return std::nullopt;
}

std::optional<IndexSet> Partitions::within(const TimeWindow& time, WallTime now) const {
  std::vector<IndexSet> sets;
  bool timed = false;
  for (const auto& dimension : dimensions_) {
    auto set = existing_of(dimension, now);
    if (const auto* windows = std::get_if<TimeWindows>(&dimension.of); windows && !timed) {
      timed = true;
      set = time.begin < time.end ? set & IndexSet({windows->overlapping(time)}) : IndexSet();
    }
    sets.push_back(std::move(set));
  }
  return timed ? std::optional(cross(sets)) : std::nullopt;
}

std::optional<TimeWindow> window_of(const PartitionsSpec& spec, std::string_view key) {
  auto dimensions = spec.dimensions;
  std::ranges::sort(dimensions, {}, &DimensionSpec::name);
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    const auto* time = std::get_if<TimeWindowsSpec>(&dimensions[i].of);
    if (!time) continue;
    const auto windows = TimeWindows::make(*time);
    const auto bar = key.find(kSeparator);
    const auto own = dimensions.size() == 1 ? key : bar == std::string_view::npos ? "" : i == 0 ? key.substr(0, bar) : key.substr(bar + 1);
    const auto index = windows ? windows->index(own) : std::nullopt;
    return index ? std::optional(windows->window(*index)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace assetd
