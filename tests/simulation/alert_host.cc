#include "tests/simulation/alert_host.h"

#include <algorithm>
#include <set>

#include "core/openlineage/run_event.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

const AssetSpec* find_asset(const Definitions& definitions, const std::string& key) {
  const auto found = std::ranges::find(definitions.assets, key, &AssetSpec::key);
  return found == definitions.assets.end() ? nullptr : &*found;
}

}  // namespace

void AlertHost::restore() {
  if (off()) return;
  std::vector<AlertRecord> kept;
  std::vector<Silence> silences;
  for (const auto& alert : machine_.store.alerts())
    if ((alert.open && !machine_.seams.forgets_open_alerts) || (alert.state == AlertState::pending && !machine_.seams.forgets_pending_alerts)) kept.push_back(alert);
  for (const auto& [id, silence] : machine_.store.silences()) silences.push_back(silence);
  book_ = AlertBook(std::move(kept), std::move(silences));
  known_.clear();
}

void AlertHost::know(RunId run, std::shared_ptr<const RunPlan> plan, const RunContext& context) {
  if (!off()) known_[run] = {std::move(plan), context};
}

const AlertHost::Known* AlertHost::known(RunId run) const {
  const auto it = known_.find(run);
  return it == known_.end() ? nullptr : &it->second;
}

const AlertSpec* AlertHost::rule(const std::string& name) const {
  const auto& rules = context_.definitions->alerts;
  const auto found = std::ranges::find(rules, name, &AlertSpec::name);
  return found == rules.end() ? nullptr : &*found;
}

// ---- What happened

void AlertHost::note(const Change& change, const Now& now, FakeStore::Batch& batch) {
  if (off()) return;
  if (const auto* ended = std::get_if<RunChanged>(&change); ended && is_terminal(ended->run.status)) {
    for (auto& happening : happenings_of(*ended)) tell(std::move(happening), batch);
  } else if (const auto* step = std::get_if<StepChanged>(&change)) {
    if (const auto* run = step->step.status == StepStatus::succeeded ? known(step->run) : nullptr)
      mend(run->context.definitions->assets[run->plan->asset(step->step.step)].key, "", now, batch);
    tell_lineage(*step, now, batch);
  } else if (const auto* check = std::get_if<CheckReported>(&change)) {
    if (auto happening = happening_of(check->result)) tell(std::move(*happening), batch);
    else if (check->result.waived.empty() && (check->result.status == CheckStatus::passed || check->result.status == CheckStatus::warned))
      mend(check->result.home, check->result.name, now, batch);
  }
}

void AlertHost::note(const FreshnessTold& told, const Now& now, FakeStore::Batch& batch) {
  if (off()) return;
  if (told.freshness == Freshness::violated)
    tell({.event = AlertEvent::freshness_violated, .at = now.wall, .asset = told.key, .reason = "freshness_violated", .detail = told.detail}, batch);
  else if (told.freshness == Freshness::fresh || told.freshness == Freshness::none)
    for (auto& change : book_.refresh(told.key, now.wall)) batch.alerts.push_back(std::move(change));
}

void AlertHost::committed(const FakeStore::Batch& batch) {
  for (const auto& change : batch.changes)
    if (const auto* ended = std::get_if<RunChanged>(&change); ended && is_terminal(ended->run.status)) known_.erase(ended->run.id);
}

void AlertHost::mend(const std::string& asset, const std::string& check, const Now& now, FakeStore::Batch& batch) {
  if (off()) return;
  const auto failed = assets_.failed_partitions(asset, check);
  const auto is_failed = [&](const std::string& partition) {
    if (partition.empty()) return !failed.set.empty();
    const auto index = failed.divided ? failed.divided->index(partition) : std::nullopt;
    return index && failed.set.contains(*index);
  };
  for (auto& change : book_.mend(asset, check, now.wall, is_failed)) batch.alerts.push_back(std::move(change));
}

std::vector<std::string> AlertHost::owners_of(const Happening& happening) const {
  const auto* run = known(happening.run);
  if (!happening.asset.empty())
    if (const auto* asset = find_asset(run ? *run->context.definitions : *context_.definitions, happening.asset)) return asset->owners;
  std::set<std::string> owners;
  for (StepIndex step = 0; run && step < run->plan->size(); ++step) {
    const auto& of_asset = run->context.definitions->assets[run->plan->asset(step)].owners;
    owners.insert(of_asset.begin(), of_asset.end());
  }
  return {owners.begin(), owners.end()};
}

/// Selections are one key here.
bool AlertHost::is_about(const std::string& select, const Happening& happening) const {
  if (!find_asset(*context_.definitions, select)) return false;
  if (!happening.asset.empty()) return happening.asset == select;
  const auto* run = known(happening.run);
  for (StepIndex step = 0; run && step < run->plan->size(); ++step)
    if (run->context.definitions->assets[run->plan->asset(step)].key == select) return true;
  return false;
}

void AlertHost::tell(Happening happening, FakeStore::Batch& batch) {
  happening.owners = owners_of(happening);
  if (!happening.partitions.empty()) happening.failed_partitions = static_cast<std::size_t>(assets_.failed_partitions(happening.asset, happening.check).set.size());
  const auto selected = [&](const std::string& select) { return is_about(select, happening); };
  for (const auto& rule : context_.definitions->alerts) {
    auto change = book_.tell(rule, happening, selected, machine_.random.hex32());
    if (!change) continue;
    if (const auto* raised = std::get_if<AlertRaised>(&*change)) book_.take(raised->alert);
    machine_.trace.add([&] { return "alert: " + rule.name + " about " + cause_of(happening) + (std::holds_alternative<AlertRaised>(*change) ? " raised" : " repeated"); });
    batch.alerts.push_back(std::move(*change));
  }
}

void AlertHost::tell_lineage(const StepChanged& change, const Now& now, FakeStore::Batch& batch) {
  const auto type = lineage_type_of(change);
  const auto* run = known(change.run);
  if (!type || !run || !rule(kOpenLineage)) return;
  const auto& asset = run->context.definitions->assets[run->plan->asset(change.step.step)].key;
  const auto& partition = run->plan->partition(change.step.step);
  AlertRecord event;
  event.id = machine_.random.hex32();
  event.rule = event.event = kOpenLineage;
  event.at = now.wall;
  event.run = change.run;
  event.asset = asset;
  event.reason = *type;
  event.cause = kOpenLineage + (partition.empty() ? "" : " " + partition);
  event.next_attempt_at = now.wall;
  event.body = {{"run", change.run}, {"step", change.step.step}};
  book_.take(event);
  batch.alerts.push_back(AlertRaised{std::move(event)});
}

// ---- People

void AlertHost::silence(const Silence& silence, FakeStore::Batch& batch) {
  if (off()) return;
  book_.add(silence);
  batch.alerts.push_back(SilenceAdded{silence});
}

void AlertHost::end_silence(const std::string& silence, const Now& now, FakeStore::Batch& batch) {
  const auto known = machine_.store.silences().find(silence);
  if (off() || known == machine_.store.silences().end() || known->second.until <= now.wall) return;  // where the clock is set back one that was over stands again
  if (book_.end(silence, now.wall)) batch.alerts.push_back(SilenceEnded{silence});
}

// ---- The courier

void AlertHost::send_due(const Now& now) {
  if (off()) return;
  for (auto& alert : book_.due(now.wall)) lanes_[alert.rule].push_back(std::move(alert));
}

bool AlertHost::can_deliver() const {
  return std::ranges::any_of(lanes_, [](const auto& lane) { return !lane.second.empty(); });
}

/// Of one lane the first. An alert whose rule is gone is told to nobody. A receiver that is there may have taken it though its answer is lost.
AlertHost::Report AlertHost::deliver() {
  std::vector<std::string> busy;
  for (const auto& [name, lane] : lanes_)
    if (!lane.empty()) busy.push_back(name);
  auto& lane = lanes_.at(*machine_.random.pick(busy));
  const auto alert = std::move(lane.front());
  lane.pop_front();
  if (!rule(alert.rule)) return {alert.id, "its rule is no longer in the definitions"};
  const int fails = machine_.faults ? machine_.options.alerts_fail : 0;
  const bool fails_now = machine_.random.chance(fails), arrives = !fails_now || machine_.random.chance(30);
  if (arrives) machine_.receivers.take(alert, machine_.store);
  machine_.trace.add([&] { return "alert: attempt " + std::to_string(alert.attempts + 1) + " of " + alert.id.substr(0, 6) + (arrives ? " arrives" : " does not arrive") + (fails_now ? ", its answer does not" : ""); });
  return {alert.id, fails_now && !machine_.seams.trusts_receivers ? std::optional<std::string>("no answer") : std::nullopt};
}

void AlertHost::take(const Report& report, const Now& now, FakeStore::Batch& batch) {
  const auto give_up = [&](const AlertRecord& alert) {
    const auto* of = rule(alert.rule);
    return of ? of->give_up : Millis{0};
  };
  auto change = book_.attempted(report.alert, report.error, now.wall, give_up);
  if (!change) return;
  machine_.store.check_attempt(change->alert, give_up(change->alert), now.wall);
  batch.alerts.push_back(std::move(*change));
}

}  // namespace assetd::simulation
