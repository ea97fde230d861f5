// What must hold of partitions that come and go: with each key that is kept and each run that begins.

#include <algorithm>
#include <charconv>
#include <chrono>

#include "tests/simulation/fake_store.h"
#include "tests/simulation/random_partitions.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

/// When the window with that key ends, told from its text: "2023-11-14-22:13", of one or two minutes, in UTC.
WallTime end_of_window(const TimeWindowsSpec& windows, std::string_view key) {
  const auto number = [&](std::size_t from, std::size_t size) {
    int value = -1;
    std::from_chars(key.data() + from, key.data() + from + size, value);
    return value;
  };
  if (key.size() != 16) broken(Invariant::divided, "'" + std::string(key) + "' is no window");
  const std::chrono::sys_days day{std::chrono::year(number(0, 4)) / number(5, 2) / number(8, 2)};
  return WallTime(day.time_since_epoch() + std::chrono::hours(number(11, 2)) + std::chrono::minutes(number(14, 2)) + std::chrono::minutes(windows.cron.front() == '*' && windows.cron[1] == '/' ? 2 : 1));
}

std::vector<std::string_view> parts_of(std::string_view partition) {
  const auto bar = partition.find('|');
  return bar == std::string_view::npos ? std::vector{partition} : std::vector{partition.substr(0, bar), partition.substr(bar + 1)};
}

}  // namespace

std::shared_ptr<const PartitionTable> FakeStore::table(const RunContext& context, const DynamicKeys& keys) const {
  const auto named = keys.find(kKeySet);
  const std::pair of{context.definitions, named == keys.end() ? nullptr : named->second};
  auto& table = tables_[of];
  if (!table) table = std::make_shared<const PartitionTable>(PartitionTable::make(*context.definitions, *context.graph, keys));
  return table;
}

bool FakeStore::is_divided_anew(const RunContext& before, const std::string& key) const {
  const auto was = before.graph->find(key), is = definitions().graph->find(key);
  if (!was || !is) return false;
  const auto &former = before.definitions->assets[*was].partitions, &present = definitions().definitions->assets[*is].partitions;
  return former.has_value() != present.has_value() || (former && former->dimensions != present->dimensions);
}

/// Null: it is not divided in this way by now.
const Partitions* FakeStore::divided(const std::string& key, const PartitionsSpec& as) const {
  const auto id = definitions().graph->find(key);
  const auto& spec = id ? definitions().definitions->assets[*id].partitions : std::nullopt;
  return spec && spec->dimensions == as.dimensions ? table(definitions()).of(*id) : nullptr;
}

/// An index belongs to one key for ever.
void FakeStore::take_keys(const Batch& batch) {
  keys_before_ = keys_;
  keys_removed_.clear();
  if (batch.partition_keys.empty()) return;
  auto& kept = keys_[kKeySet];
  auto keys = kept ? std::make_shared<NamedKeys>(*kept) : std::make_shared<NamedKeys>();
  for (const auto& record : batch.partition_keys) {
    const auto before = keys->index(record.key);
    if (before.has_value() == record.present) broken(Invariant::divided, "the key " + record.key + (record.present ? " is added and is there" : " is removed and is not there"));
    const auto index = record.present ? keys->add(record.key) : *before;
    if (index != record.index) broken(Invariant::divided, "the key " + record.key + " was number " + std::to_string(index) + " and is number " + std::to_string(record.index));
    if (record.present) key_added_[record.key] = commits_;
    else keys->remove(record.key), keys_removed_.insert(record.key);
  }
  kept = std::move(keys);
}

std::int64_t FakeStore::added(const Piece& piece) const {
  std::int64_t last = 0;
  for (const auto part : parts_of(piece.second))
    if (const auto it = key_added_.find(std::string(part)); it != key_added_.end()) last = std::max(last, it->second);
  return last;
}

bool FakeStore::is_of_removed_key(const Piece& piece) const {
  return std::ranges::any_of(parts_of(piece.second), [&](std::string_view part) { return key_added_.contains(std::string(part)) && !keys_.at(kKeySet)->index(part); });
}

/// Its key was removed by the commit under way: what failed before that is over, what fails in that commit may have come before it or after.
bool FakeStore::is_forgotten(const std::string& key, const std::string& check, const std::string& partition) const {
  return std::ranges::any_of(parts_of(partition), [&](std::string_view part) { return keys_removed_.contains(part); }) && !(has_partition(key, partition) && state_says_failed(key, check, partition));
}

/// Keys that this very transaction removes may have been asked for before that, but not by automation, which comes last.
void FakeStore::check_divided(const Batch& batch, const RunCreated& created) const {
  const auto& context = versions_.at(created.run.definitions_version);
  auto latest = std::max({created.run.created_at, automation_.evaluated_at.value_or(WallTime{}), batch.automation.evaluated_at.value_or(WallTime{})});
  for (const auto& backfill : batch.backfills)  // what it wants had ended when it was asked for, also where the clock was set back since
    if (backfill.id == created.run.backfill) latest = std::max(latest, backfill.created_at);
  const auto keys = keys_.find(kKeySet);
  for (StepIndex step = 0; step < created.plan->size(); ++step) {
    const auto& asset = context.definitions->assets[created.plan->asset(step)];
    if (!asset.partitions) continue;
    const auto& partition = created.plan->partition(step);
    const auto named = "run " + std::to_string(created.run.id) + " (" + created.run.trigger.kind + ") makes " + asset.key + " " + partition;
    const auto parts = parts_of(partition);
    const auto& dimensions = asset.partitions->dimensions;
    if (parts.size() != dimensions.size()) broken(Invariant::divided, named + ", which is no partition of it");
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (const auto* windows = std::get_if<TimeWindowsSpec>(&dimensions[i].of); windows && end_of_window(*windows, parts[i]) > latest) broken(Invariant::divided, named + ", which has not ended");
      if (!std::holds_alternative<DynamicPartitionsSpec>(dimensions[i].of)) continue;
      const bool removed_now = created.run.trigger.kind != "automation" && std::ranges::any_of(batch.partition_keys, [&](const auto& each) { return !each.present && each.key == parts[i]; });
      if (!removed_now && (keys == keys_.end() || !keys->second->index(parts[i]))) broken(Invariant::divided, named + ", whose key is not there");
    }
  }
}

}  // namespace assetd::simulation
