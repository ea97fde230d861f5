// What must hold of automation, partition by partition: with each run that it asks for, and once everything is quiet.

#include <algorithm>

#include "tests/simulation/fake_store.h"
#include "tests/simulation/lineage.h"
#include "tests/simulation/random_partitions.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

std::string name(const std::pair<std::string, std::string>& piece) { return piece.second.empty() ? piece.first : piece.first + " " + piece.second; }

}  // namespace

FakeStore::Life FakeStore::life(const Piece& piece) const {
  const auto it = lives_.find(piece);
  return it == lives_.end() ? Life{} : it->second;
}

/// All of an asset that is no longer divided.
FakeStore::Piece FakeStore::piece_of(const std::string& key, const std::string& partition) const {
  const auto id = definitions().graph->find(key);
  return {key, id && definitions().definitions->assets[*id].partitions ? partition : ""};
}

/// What was made under an earlier division is known as long as each later one had its partition.
bool FakeStore::is_known(const Piece& piece) const {
  const auto state = assets_.find(piece.first);
  if (state == assets_.end()) return false;
  if (piece.second.empty()) return state->second.last_materialization.has_value();
  if (!state->second.partitions) return false;
  const auto* divided = this->divided(piece.first, state->second.partitions->spec);
  const auto index = divided ? divided->index(piece.second) : std::nullopt;
  return index && state->second.partitions->materialized.contains(*index);
}

std::vector<FakeStore::Piece> FakeStore::pieces(const RunContext& context, const RunPlan& plan) const {
  std::vector<Piece> out;
  for (StepIndex step = 0; step < plan.size(); ++step) out.push_back(piece_of(context.definitions->assets[plan.asset(step)].key, plan.partition(step)));
  return out;
}

void FakeStore::note_planned(const Batch& batch, const RunCreated& created) {
  for (const auto& piece : pieces(versions_.at(created.run.definitions_version), *created.plan)) {
    auto& life = lives_[piece];
    life.planned = commits_;
    if (created.run.trigger.kind == "automation") life.asked = commits_, life.asked_at = batch.automation.evaluated_at;
  }
}

/// Since it was asked for last something must have happened that it follows: what it is made of was made or asked for, or is asked for with it; or other definitions serve.
void FakeStore::check_automated(const Batch& batch, const RunCreated& created) const {
  if (created.run.trigger.kind != "automation") return;
  const auto& context = versions_.at(created.run.definitions_version);
  const auto evaluated = batch.automation.evaluated_at.value_or(created.run.created_at);
  const Lineage lineage(context, table(context), evaluated);
  const auto made = pieces(context, *created.plan);
  const std::set<Piece> with(made.begin(), made.end());
  for (const auto& piece : with) {
    const auto id = context.graph->find(piece.first).value();
    const auto& condition = context.definitions->assets[id].automation;
    const auto asked = life(piece).asked;
    const auto named = "run " + std::to_string(created.run.id) + " of automation makes " + name(piece);
    if (condition.empty()) broken(Invariant::automated, named + ", which has no condition");
    const auto above = lineage.above(id, piece.second);
    if (condition.starts_with("on_cron")) check_ticked(piece, condition, above, with, evaluated);
    if (asked <= defined_ || asked < added(piece) || (condition != "eager" && condition != "on_missing")) continue;
    const auto is_new = [&](const Piece& other) { return with.contains(other) || std::max(life(other).made, life(other).asked) > asked; };
    if (condition == "eager" && std::ranges::any_of(above, is_new)) continue;
    // It may have been set off by what was made or asked for of a key above it that is gone by now.
    const auto of_one_that_went = [&](const auto& each) {
      const auto other = context.graph->find(each.first.first);
      const bool is_above = other && std::ranges::find(context.graph->parents(id), *other) != context.graph->parents(id).end();
      return is_above && std::max(each.second.made, each.second.asked) > asked && is_of_removed_key(each.first);
    };
    if (condition == "eager" && std::ranges::any_of(lives_, of_one_that_went)) continue;
    auto why = named + " once more (asked for with commit " + std::to_string(asked) + "), though nothing has happened above it since:";
    for (const auto& other : above) why += " " + name(other) + " made with " + std::to_string(life(other).made);
    broken(Invariant::automated, why);
  }
}

/// A blocking check of its newest data has not ended, or has failed: nothing is made from it by itself.
bool FakeStore::is_unchecked(const Piece& piece) const {
  const auto state = assets_.find(piece.first);
  if (state == assets_.end()) return false;
  const auto& debts = state->second.debts;
  auto where = debts.uncounted;
  for (const auto* owed : {&debts.awaited, &debts.refused})
    for (const auto& [check, set] : *owed) where = where | set;
  if (piece.second.empty() || !state->second.partitions) return !where.empty();
  const auto* divided = this->divided(piece.first, state->second.partitions->spec);
  const auto index = divided ? divided->index(piece.second) : std::nullopt;
  return index && where.contains(*index);
}

void FakeStore::check_followed(WallTime now) const {
  const auto& context = versions_.rbegin()->second;
  const Lineage lineage(context, table(context), std::max(now, automation_.evaluated_at.value_or(now)));
  for (AssetId id = 0; id < context.definitions->assets.size(); ++id) {
    const auto& asset = context.definitions->assets[id];
    if (asset.automation.starts_with("on_cron") && context.graph->parents(id).empty())
      for (const auto& piece : lineage.latest(id)) check_tick_followed(piece, asset.automation, now);
    if (asset.automation != "eager" && asset.automation != "on_missing") continue;
    for (const auto& piece : lineage.latest(id)) check_followed(piece, lineage, asset.automation == "eager");
  }
}

void FakeStore::check_followed(const Piece& piece, const Lineage& lineage, bool follows) const {
  const auto& context = versions_.rbegin()->second;
  const auto id = context.graph->find(piece.first).value();
  const auto above = lineage.above(id, piece.second);
  const auto is_there = [&](const Piece& other) {
    if (context.definitions->assets[context.graph->find(other.first).value()].external) return true;
    // What was made while its key was gone is of nothing that there was.
    return life(other).made > 0 && (life(other).made > std::max(defined_, added(other)) || is_known(other));
  };
  if (!std::ranges::all_of(above, is_there)) return;
  if (std::ranges::any_of(above, [&](const Piece& other) { return is_unchecked(other); })) return;
  const auto own = life(piece);
  if (own.planned == 0 && own.made == 0 && !is_known(piece)) broken(Invariant::automated, name(piece) + " was never made and not asked for, though all that it is made from is there");
  if (!follows) return;
  const auto looked_at = [&](const Piece& other) { return life(other).made_at.value_or(life(other).made_when); };
  const auto since = std::max({defined_, own.planned, own.made, added(piece)});
  for (const auto& other : above) {
    if (life(other).made <= since) continue;
    // What is made while a window lasts sets nothing off in it: there is nothing to be made of it yet, and later it may be there already, of another division.
    const auto lasted = [&](AssetId asset, const std::string& partition) {
      const auto window = lineage.window(asset, partition);
      return window && looked_at(other) < window->end;
    };
    if (lasted(id, piece.second) || lasted(context.graph->find(other.first).value(), other.second)) continue;
    if (const auto by = runs_.find(life(other).made_by); by != runs_.end()) {
      const auto together = pieces(by->second.context, *by->second.plan);
      if (std::ranges::find(together, piece) != together.end()) continue;
    }
    auto why = name(piece) + " was not asked for, though of what it follows something was made after it (" + std::to_string(since) + "):";
    for (const auto& each : above) why += " " + name(each) + " by run " + std::to_string(life(each).made_by) + " with commit " + std::to_string(life(each).made) + " at " + format_time(looked_at(each)) + ",";
    broken(Invariant::automated, why + " and its run does not make it");
  }
}

}  // namespace assetd::simulation
