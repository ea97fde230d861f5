#include "core/partition/mapping.h"

#include <algorithm>

#include "core/graph/asset_key.h"

namespace assetd {
namespace {

using Json = nlohmann::json;

const IndexSet kWhole = IndexSet::range(0, 1);

bool is_text_list(const Json& value) {
  return value.is_array() && !value.empty() && std::ranges::all_of(value, [](const Json& each) { return each.is_string(); });
}

bool is_offset(const Json& value) { return value.is_number_integer() && value >= -100'000 && value <= 100'000; }

std::expected<void, std::string> check_offsets(const Json& spec) {
  for (const auto& [name, value] : spec.items()) {
    if (name != "offset" && name != "start_offset" && name != "end_offset") return std::unexpected("offsets stand alone: \"" + name + "\" does not go with them");
    if (!is_offset(value)) return std::unexpected(name + ": takes a whole number of partitions, as in -1 for the one before");
  }
  if (spec.contains("offset") && spec.size() > 1) return std::unexpected("offset: is start_offset and end_offset in one; give one or the other");
  return check(TimeMapping{spec.value("start_offset", spec.value("offset", 0)), spec.value("end_offset", spec.value("offset", 0))});
}

std::expected<void, std::string> check_table(const Json& table) {
  if (!table.is_object() || table.empty()) return std::unexpected("map: takes a mapping from a partition to those that it is made from");
  for (const auto& [key, value] : table.items())
    if (!value.is_string() && !is_text_list(value)) return std::unexpected("map: \"" + key + "\" takes a partition or a list of partitions");
  return {};
}

std::expected<void, std::string> check_dimensions(const Json& dimensions) {
  if (!dimensions.is_object() || dimensions.empty()) return std::unexpected("dimensions: takes a mapping from a dimension of the dependency to how it is mapped");
  for (const auto& [name, value] : dimensions.items()) {
    if (value.is_object() && value.contains("dimensions")) return std::unexpected("dimensions: " + name + ": has no dimensions of its own");
    if (auto ok = check_mapping(value); !ok) return std::unexpected("dimensions: " + name + ": " + ok.error());
  }
  return {};
}

bool is_offsets(const Json& spec) { return spec.is_object() && (spec.contains("offset") || spec.contains("start_offset") || spec.contains("end_offset")); }

bool same_keys(const Partitions::Dimension& a, const Partitions::Dimension& b) { return a.has_time() == b.has_time(); }

IndexSet by_key(const IndexSet& set, const NamedKeys& from, const NamedKeys& to) {
  if (&from == &to) return set & to.existing();
  std::vector<IndexRange> found;
  set.each([&](PartitionIndex index) {
    if (const auto there = to.index(from.key(index))) found.push_back({*there, *there + 1});
  });
  return IndexSet(std::move(found));
}

std::string nearest_of(std::string_view written, const std::vector<std::string_view>& names) {
  const auto nearest = nearest_name(written, names);
  return nearest.empty() ? "" : "; nearest: " + nearest;
}

std::string nearest_form(const Json& spec) {
  if (spec.is_string()) return nearest_of(spec.get_ref<const std::string&>(), {"identity", "all", "last"});
  if (spec.is_object() && spec.size() == 1) return nearest_of(spec.begin().key(), {"offset", "start_offset", "end_offset", "only", "map", "dimensions"});
  return "";
}

/// Of the partitions that are named; windows of time are not.
std::string nearest_key(const Partitions::Dimension& dimension, const std::string& written) {
  const auto* named = std::get_if<1>(&dimension.of);
  if (!named) return "";
  std::vector<std::string> keys;
  (*named)->existing().each([&](PartitionIndex index) { keys.push_back((*named)->key(index)); });
  return nearest_of(written, {keys.begin(), keys.end()});
}

}  // namespace

std::expected<void, std::string> check_mapping(const Json& spec) {
  if (spec.is_null()) return {};
  if (spec.is_string() && (spec == "identity" || spec == "all" || spec == "last")) return {};
  if (is_offsets(spec)) return check_offsets(spec);
  if (spec.is_object() && spec.size() == 1) {
    const auto& name = spec.begin().key();
    if (name == "only") return is_text_list(spec["only"]) ? std::expected<void, std::string>{} : std::unexpected("only: takes a list of partitions");
    if (name == "map") return check_table(spec["map"]);
    if (name == "dimensions") return check_dimensions(spec["dimensions"]);
  }
  return std::unexpected("takes identity, all, last, {offset: -1}, {start_offset: -6, end_offset: 0}, {only: [KEY, …]}, {map: {KEY: [KEY, …]}} or {dimensions: {NAME: …}}" + nearest_form(spec));
}

/// Finds the rules of one mapping.
struct PartitionMapping::Maker {
  PartitionMapping& mapping;
  const Partitions& up;
  std::string error;

  bool fail(std::string sentence) {
    error = std::move(sentence);
    return false;
  }

  std::string name_of(std::size_t to) const { return up.dimensions()[to].name; }

  /// The dimension of downstream that this one follows by itself: the one of its name; where one side has but one dimension, the only one of its sort.
  int counterpart(std::size_t to) const {
    if (!mapping.downstream_) return -1;
    const auto& mine = up.dimensions();
    const auto& theirs = mapping.downstream_->dimensions();
    for (std::size_t i = 0; i < theirs.size(); ++i)
      if (mine.size() == theirs.size() && theirs[i].name == mine[to].name) return same_keys(theirs[i], mine[to]) ? static_cast<int>(i) : -1;
    const auto alike = [&](const auto& dimensions) { return std::ranges::count_if(dimensions, [&](const auto& each) { return same_keys(each, mine[to]); }); };
    if (mine.size() != theirs.size() && alike(mine) == 1 && alike(theirs) == 1)
      for (std::size_t i = 0; i < theirs.size(); ++i)
        if (same_keys(theirs[i], mine[to])) return static_cast<int>(i);
    return -1;
  }

  bool follow(std::size_t to, Rule& rule) {
    rule.from = counterpart(to);
    if (rule.from >= 0) rule.kind = up.dimensions()[to].has_time() ? Rule::Kind::time : Rule::Kind::key;
    return true;
  }

  std::optional<PartitionIndex> index_in(const Partitions::Dimension& dimension, const std::string& key) const {
    if (const auto* windows = std::get_if<TimeWindows>(&dimension.of)) return windows->index(key);
    return std::get<1>(dimension.of)->index(key);
  }

  bool take_keys(const Json& keys, std::size_t to, IndexSet& into) {
    for (const auto& key : keys.is_string() ? Json::array({keys}) : keys) {
      const auto index = index_in(up.dimensions()[to], key.get<std::string>());
      if (!index && up.dimensions()[to].dynamic) continue;  // may come
      if (!index) return fail("the dependency has no partition \"" + key.get<std::string>() + "\"" + nearest_key(up.dimensions()[to], key));
      into.insert(*index);
    }
    return true;
  }

  bool take_offsets(const Json& spec, std::size_t to, Rule& rule) {
    rule.from = counterpart(to);
    if (rule.from < 0 || !up.dimensions()[to].has_time()) return fail("offsets are between windows of time: both this asset and the dependency need such partitions");
    rule.kind = Rule::Kind::time;
    rule.time = {spec.value("start_offset", spec.value("offset", 0)), spec.value("end_offset", spec.value("offset", 0))};
    return true;
  }

  bool take_table(const Json& table, std::size_t to, Rule& rule) {
    rule.from = mapping.downstream_ && mapping.downstream_->dimensions().size() == 1 ? 0 : counterpart(to);
    if (rule.from < 0) return fail("map: this asset has no partitions to map from");
    rule.kind = Rule::Kind::table;
    for (const auto& [key, value] : table.items()) {
      const auto index = index_in(mapping.from(rule), key);
      if (!index && mapping.from(rule).dynamic) continue;
      if (!index) return fail("map: this asset has no partition \"" + key + "\"" + nearest_key(mapping.from(rule), key));
      if (!take_keys(value, to, rule.table[*index])) return false;
    }
    return true;
  }

  bool rule_of(const Json& spec, std::size_t to, Rule& rule) {
    if (spec.is_null()) return follow(to, rule);
    if (spec == "all") return true;
    if (spec == "last") return rule.kind = Rule::Kind::last, true;
    if (is_offsets(spec)) return take_offsets(spec, to, rule);
    if (spec.is_object() && spec.contains("map")) return take_table(spec["map"], to, rule);
    if (spec.is_object() && spec.contains("only")) return rule.kind = Rule::Kind::only, take_keys(spec["only"], to, rule.only);
    follow(to, rule);
    if (rule.from < 0) return fail("identity: the dependency is divided otherwise than this asset");
    return shares_a_key(rule, to) || fail("identity: the dependency has none of this asset's partitions; {map: {KEY: [KEY, …]}} or all says which it is made from");
  }

  /// Of two lists that are as they are: what comes and goes may come to be the same.
  bool shares_a_key(const Rule& rule, std::size_t to) const {
    const auto &mine = up.dimensions()[to], &theirs = mapping.from(rule);
    if (rule.kind != Rule::Kind::key || mine.dynamic || theirs.dynamic) return true;
    const auto &from = *std::get<1>(theirs.of), &into = *std::get<1>(mine.of);
    return !by_key(from.existing(), from, into).empty();
  }

  std::string names() const {
    std::string out;
    for (const auto& each : up.dimensions()) out += (out.empty() ? "\"" : ", \"") + each.name + "\"";
    return up.dimensions().size() == 1 && up.dimensions()[0].name.empty() ? "it is not divided twice" : "it has " + out;
  }

  bool by_dimension(const Json& spec) {
    for (const auto& [name, value] : spec.items())
      if (std::ranges::none_of(up.dimensions(), [&](const auto& each) { return each.name == name; })) return fail("dimensions: the dependency has no dimension \"" + name + "\": " + names());
    for (std::size_t to = 0; to < up.dimensions().size(); ++to)
      if (!rule_of(spec.value(name_of(to), Json()), to, mapping.rules_[to])) return false;
    return true;
  }

  bool make(const Json& spec) {
    mapping.rules_.resize(up.dimensions().size());
    if (spec.is_object() && spec.contains("dimensions")) return by_dimension(spec["dimensions"]);
    const bool of_one = !spec.is_null() && spec != "all" && spec != "last" && spec != "identity" && up.dimensions().size() > 1;
    if (of_one) return fail("the dependency has two dimensions: say it of each, as in {dimensions: {" + name_of(0) + ": …}}");
    for (std::size_t to = 0; to < up.dimensions().size(); ++to)
      if (!rule_of(spec, to, mapping.rules_[to])) return false;
    return true;
  }
};

std::expected<PartitionMapping, std::string> PartitionMapping::make(const Json& spec, std::shared_ptr<const Partitions> downstream, std::shared_ptr<const Partitions> upstream) {
  PartitionMapping mapping;
  mapping.downstream_ = std::move(downstream);
  mapping.upstream_ = std::move(upstream);
  if (!mapping.upstream_) {
    if (!spec.is_null() && spec != "all") return std::unexpected("the dependency has no partitions");
    return mapping;
  }
  Maker maker{mapping, *mapping.upstream_, {}};
  if (!maker.make(spec)) return std::unexpected(maker.error);
  return mapping;
}

bool PartitionMapping::is_identity() const {
  if (!downstream_ || downstream_ != upstream_) return !downstream_ && !upstream_;
  for (std::size_t to = 0; to < rules_.size(); ++to) {
    const auto& rule = rules_[to];
    const bool own = rule.from == static_cast<int>(to) && (rule.kind == Rule::Kind::key || (rule.kind == Rule::Kind::time && rule.time == TimeMapping{}));
    if (!own) return false;
  }
  return true;
}

// ---- Sets of one dimension

IndexSet PartitionMapping::up(const Rule& rule, std::size_t to, const IndexSet& set, WallTime now) const {
  const auto& own = upstream_->dimensions()[to];
  switch (rule.kind) {
    case Rule::Kind::all: return upstream_->existing_in(to, now);
    case Rule::Kind::last: return upstream_->existing_in(to, now).last(1);
    case Rule::Kind::only: return rule.only;
    case Rule::Kind::time: return assetd::upstream_of(set, std::get<TimeWindows>(from(rule).of), std::get<TimeWindows>(own.of), rule.time);
    case Rule::Kind::key: return by_key(set, *std::get<1>(from(rule).of), *std::get<1>(own.of));
    case Rule::Kind::table: break;
  }
  IndexSet found;
  for (const auto& [index, made_from] : rule.table)
    if (set.contains(index)) found = found | made_from;
  return found;
}

IndexSet PartitionMapping::down(const Rule& rule, std::size_t to, const IndexSet& set, WallTime now) const {
  const auto& own = upstream_->dimensions()[to];
  switch (rule.kind) {
    case Rule::Kind::time: return assetd::downstream_of(set, std::get<TimeWindows>(from(rule).of), std::get<TimeWindows>(own.of), rule.time);
    case Rule::Kind::key: return by_key(set, *std::get<1>(own.of), *std::get<1>(from(rule).of));
    case Rule::Kind::table: break;
    default: return (up(rule, to, {}, now) & set).empty() ? IndexSet() : kWhole;  // whether any of it is used
  }
  IndexSet found;
  for (const auto& [index, made_from] : rule.table)
    if (!(made_from & set).empty()) found.insert(index);
  return found;
}

// ---- Whole sets

IndexSet PartitionMapping::upstream_of(const IndexSet& set, WallTime now) const {
  if (set.empty()) return {};
  if (!upstream_) return kWhole;
  IndexSet found;
  const auto rows = downstream_ ? downstream_->products(set) : std::vector<std::vector<IndexSet>>{{}};
  for (const auto& row : rows) {
    std::vector<IndexSet> sets;
    for (std::size_t to = 0; to < rules_.size(); ++to)
      sets.push_back(up(rules_[to], to, rules_[to].from < 0 ? IndexSet() : row[static_cast<std::size_t>(rules_[to].from)], now));
    found = found | upstream_->cross(sets);
  }
  return found;
}

IndexSet PartitionMapping::downstream_of(const IndexSet& set, WallTime now) const {
  if (set.empty()) return {};
  if (!upstream_) return downstream_ ? downstream_->existing(now) : kWhole;
  IndexSet found;
  for (const auto& row : upstream_->products(set)) {
    std::vector<IndexSet> sets(downstream_ ? downstream_->dimensions().size() : 0);
    for (std::size_t i = 0; i < sets.size(); ++i) sets[i] = downstream_->existing_in(i, now);
    bool used = true;
    for (std::size_t to = 0; used && to < rules_.size(); ++to) {
      const auto reached = down(rules_[to], to, row[to], now);
      used = !reached.empty();
      if (rules_[to].from >= 0) sets[static_cast<std::size_t>(rules_[to].from)] = reached;
    }
    if (used) found = found | (downstream_ ? downstream_->cross(sets) : kWhole);
  }
  return found;
}

}  // namespace assetd
