// What must hold of alerts with every commit: what it raises, repeats and resolves is what follows from its changes, worked out from all alerts there are.

#include <algorithm>
#include <functional>

#include "core/alert/book.h"
#include "tests/simulation/fake_store.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

const AlertSpec* rule_in(const Definitions& definitions, const std::string& name) {
  const auto found = std::ranges::find(definitions.alerts, name, &AlertSpec::name);
  return found == definitions.alerts.end() ? nullptr : &*found;
}

bool is_of_rules(const AlertChange& change) {
  if (const auto* raised = std::get_if<AlertRaised>(&change)) return raised->alert.event != kOpenLineage;
  return std::holds_alternative<AlertRepeated>(change) || std::holds_alternative<AlertResolved>(change);
}

std::string in_words(const AlertChange& change) {
  if (const auto* raised = std::get_if<AlertRaised>(&change)) return "raised " + raised->alert.rule + " about " + raised->alert.cause + " (" + std::string(to_string(raised->alert.state)) + ")";
  if (const auto* repeated = std::get_if<AlertRepeated>(&change)) return "repeated " + repeated->id;
  if (const auto* resolved = std::get_if<AlertResolved>(&change)) return "resolved " + resolved->rule + " about " + resolved->cause;
  return "something else";
}

}  // namespace

/// Goes through what a batch says of alerts, one after the other.
class FakeStore::AlertCheck {
 public:
  AlertCheck(FakeStore& store, const Batch& batch) : store_(store), definitions_(*store.definitions().definitions) {
    for (const auto& change : batch.alerts)
      if (is_of_rules(change)) said_.push_back(change);
  }

  void run_ended(const RunChanged& change) {
    for (const auto& happening : happenings_of(change)) tell(happening);
  }

  void step_succeeded(const StepChanged& change) {
    const auto& run = store_.runs_.at(change.run);
    if (!run.damaged) mend(run.context.definitions->assets[run.plan->asset(change.step.step)].key, "");
  }

  void checked(const CheckResult& result) {
    const bool good = result.status == CheckStatus::passed || result.status == CheckStatus::warned;
    if (const auto happening = happening_of(result)) tell(*happening);
    else if (good && result.waived.empty()) mend(result.home, result.name);
  }

  void reported(const Materialization& made) { mend(made.key, ""); }

  void freshness(const FreshnessTold& told, WallTime at) {
    if (told.freshness == Freshness::violated) tell({.event = AlertEvent::freshness_violated, .at = at, .asset = told.key});
    if (told.freshness == Freshness::fresh || told.freshness == Freshness::none) resolve([&](const AlertRecord& alert) { return alert.asset == told.key && is_of_freshness(alert) ? Over::surely : Over::no; });
  }

  void end() const {
    if (next_ < said_.size()) broken(Invariant::told, in_words(said_[next_]) + ", and nothing that commits with it says so");
  }

 private:
  void tell(const Happening& happening) {
    for (const auto& rule : definitions_.alerts)
      if (std::ranges::find(rule.on, happening.event) != rule.on.end() && is_of_owner(rule, happening) && (rule.select.empty() || is_about(rule.select, happening))) tell(rule, happening);
  }

  void tell(const AlertSpec& rule, const Happening& happening) {
    const bool too_old = happening.event == AlertEvent::freshness_violated;
    const auto cause = happening.asset.empty() ? "run " + std::to_string(happening.run) : too_old ? "freshness " + happening.asset : happening.asset + (happening.check.empty() ? "" : ":" + happening.check);
    const auto what = rule.name + " about " + cause;
    const auto open = std::ranges::find_if(store_.alerts_, [&](const AlertRecord& each) { return each.open && each.rule == rule.name && each.cause == cause; });
    if (open != store_.alerts_.end()) {
      if (happening.run != 0 && open->run == happening.run) return;
      if (open->state != AlertState::silenced && happening.at - open->at < rule.repeat) {
        const auto* repeated = std::get_if<AlertRepeated>(next("repeated " + what));
        if (!repeated || repeated->id != open->id) wrong("repeated " + what);
        ++open->repeats, ++next_;
        return;
      }
    }
    const bool silenced = std::ranges::any_of(store_.silences_, [&](const auto& each) { return holds_back(each.second, rule, happening); });
    const auto expected = "raised " + what + (silenced ? " (silenced)" : " (pending)");
    const auto* raised = std::get_if<AlertRaised>(next(expected));
    if (!raised || in_words(*raised) != expected) return wrong(expected);
    check_named(raised->alert, happening, open != store_.alerts_.end());
    if (open != store_.alerts_.end()) open->open = false;
    store_.alerts_.push_back(raised->alert);
    ++next_;
  }

  /// Those in which it failed, and how many more are failed.
  void check_named(const AlertRecord& alert, const Happening& happening, bool told_before) {
    constexpr std::size_t kMost = 20;
    auto named = happening.partitions;
    named.resize(std::min(named.size(), kMost));
    const auto more_of = [&](std::size_t failed) {
      const auto more = happening.partitions.size() - named.size() + happening.more_partitions;
      return !named.empty() && told_before ? std::max(more, failed - std::min(failed, named.size())) : more;
    };
    const auto more = more_of(store_.failed(happening.asset, happening.check).size()), before = more_of(store_.failed_before_keys(happening.asset, happening.check).size());
    if (alert.partitions != named || (alert.more_partitions != more && alert.more_partitions != before))
      broken(Invariant::told, "the alert about " + alert.cause + " names " + std::to_string(alert.partitions.size()) + " partitions and " + std::to_string(alert.more_partitions) + " more, not " + std::to_string(named.size()) + " and " + std::to_string(more));
    store_.unmended_[alert.id] = {named.begin(), named.end()};
  }

  void mend(const std::string& asset, const std::string& check) {
    const auto failed = store_.failed(asset, check), failed_before = store_.failed_before_keys(asset, check);
    resolve([&](const AlertRecord& alert) {
      if (alert.asset != asset || alert.check != check || is_of_freshness(alert)) return Over::no;
      const bool wide = alert.partitions.empty() || !check.empty() || alert.repeats > 0 || alert.more_partitions > 0;
      auto& left = store_.unmended_[alert.id];
      std::erase_if(left, [&](const std::string& partition) { return !failed.contains(partition) || !failed_before.contains(partition); });
      if (!left.empty() || (wide && !failed.empty() && !failed_before.empty())) return Over::no;
      if (failed != failed_before) return Over::perhaps;  // it was looked at before the keys of this transaction came or went, or after
      return std::ranges::any_of(alert.partitions, [&](const std::string& partition) { return failed.contains(partition); }) ? Over::perhaps : Over::surely;
    });
  }

  static bool is_of_freshness(const AlertRecord& alert) { return alert.cause.starts_with("freshness "); }

  // That a partition was seen whole before it failed once more, untold, a restart forgets: then the alert lasts until it is whole again.
  enum class Over { no, perhaps, surely };
  void resolve(const std::function<Over(const AlertRecord&)>& is_over) {
    std::map<std::pair<std::string, std::string>, AlertRecord*> open;
    for (auto& alert : store_.alerts_)
      if (alert.open) open[{alert.rule, alert.cause}] = &alert;
    for (const auto& [cause, alert] : open) {
      const auto over = is_over(*alert);
      const auto expected = "resolved " + cause.first + " about " + cause.second;
      if (over == Over::no || (over == Over::perhaps && (next_ == said_.size() || in_words(said_[next_]) != expected))) continue;
      if (in_words(*next(expected)) != expected) return wrong(expected);
      alert->open = false;
      ++next_;
    }
  }

  /// What the alert is about: one asset, or all of a run whose plan can be read.
  std::vector<std::string> keys(const Happening& happening) const {
    if (!happening.asset.empty()) return {happening.asset};
    std::vector<std::string> keys;
    const auto& run = store_.runs_.at(happening.run);
    for (StepIndex step = 0; !run.damaged && step < run.plan->size(); ++step) keys.push_back(run.context.definitions->assets[run.plan->asset(step)].key);
    return keys;
  }

  bool is_about(const std::string& select, const Happening& happening) const {
    const auto about = keys(happening);
    const bool there = std::ranges::any_of(definitions_.assets, [&](const AssetSpec& each) { return each.key == select; });
    return there && std::ranges::find(about, select) != about.end();
  }

  bool is_of_owner(const AlertSpec& rule, const Happening& happening) const {
    if (rule.owners.empty()) return true;
    const auto run = store_.runs_.find(happening.run);
    const auto& definitions = run != store_.runs_.end() && !run->second.damaged ? *run->second.context.definitions : definitions_;
    for (const auto& key : keys(happening))
      for (const auto& asset : definitions.assets)
        if (asset.key == key && std::ranges::find_first_of(asset.owners, rule.owners) != asset.owners.end()) return true;
    return false;
  }

  bool holds_back(const Silence& silence, const AlertSpec& rule, const Happening& happening) const {
    return silence.until > happening.at && (silence.rule.empty() || silence.rule == rule.name) && (silence.select.empty() || is_about(silence.select, happening));
  }

  const AlertChange* next(const std::string& expected) const {
    if (next_ == said_.size()) broken(Invariant::told, "not " + expected);
    return &said_[next_];
  }
  void wrong(const std::string& expected) const { broken(Invariant::told, in_words(said_[next_]) + ", not " + expected); }

  FakeStore& store_;
  const Definitions& definitions_;
  std::vector<AlertChange> said_;
  std::size_t next_ = 0;
};

void FakeStore::take_alerts(const Batch& batch) {
  for (const auto& change : batch.alerts) {  // people's come in transactions of their own, before anything that they hold back
    if (const auto* added = std::get_if<SilenceAdded>(&change)) silences_[added->silence.id] = added->silence;
    if (const auto* ended = std::get_if<SilenceEnded>(&change)) silences_.erase(ended->id);
  }
  check_told(batch);
  check_lineage(batch);
  for (const auto& change : batch.alerts)
    if (const auto* attempted = std::get_if<AlertAttempted>(&change)) take_attempt(attempted->alert);
  forget_failures_of_removed();
}

void FakeStore::check_told(const Batch& batch) {
  AlertCheck check(*this, batch);
  auto told = batch.told.begin();
  for (std::size_t i = 0; i <= batch.changes.size(); ++i) {
    for (; told != batch.told.end() && told->after == i; ++told) check.freshness(told->told, told->at);
    if (i == batch.changes.size()) break;
    const auto& change = batch.changes[i];
    if (const auto* step = std::get_if<StepChanged>(&change)) note_failed(*step);
    if (const auto* result = std::get_if<CheckReported>(&change)) note_failed(result->result);
    if (const auto* made = std::get_if<Materialized>(&change); made && made->materialization.run == 0) {
      note_well(made->materialization);
      check.reported(made->materialization);
    }
    if (const auto* run = std::get_if<RunChanged>(&change); run && is_terminal(run->run.status)) check.run_ended(*run);
    if (const auto* step = std::get_if<StepChanged>(&change); step && step->step.status == StepStatus::succeeded) check.step_succeeded(*step);
    if (const auto* result = std::get_if<CheckReported>(&change)) check.checked(result->result);
  }
  check.end();
}

/// A division that serves no longer keeps nothing of the partitions that the next one does not have.
void FakeStore::note_divided(const RunContext& before) {
  for (auto& [of, partitions] : failed_)
    if (is_divided_anew(before, of.first)) std::erase_if(partitions, [&, key = of.first](const std::string& partition) { return !has_partition(key, partition); });
}

/// Of those that there are: one that was removed cannot be made well.
std::set<std::string> FakeStore::failed(const std::string& asset, const std::string& check, const DynamicKeys& keys) const {
  const auto known = failed_.find({asset, check});
  auto failed = known == failed_.end() ? std::set<std::string>{} : known->second;
  std::erase_if(failed, [&](const std::string& partition) { return !has_partition(asset, partition, keys); });
  return failed;
}

std::set<std::string> FakeStore::failed(const std::string& asset, const std::string& check) const {
  auto failed = this->failed(asset, check, keys_);
  std::erase_if(failed, [&](const std::string& partition) { return is_forgotten(asset, check, partition); });
  return failed;
}

void FakeStore::forget_failures_of_removed() {
  if (keys_removed_.empty()) return;
  for (auto& [of, partitions] : failed_) std::erase_if(partitions, [&, &of = of](const std::string& partition) { return is_forgotten(of.first, of.second, partition); });
}

bool FakeStore::has_partition(const std::string& key, const std::string& partition, const DynamicKeys& keys) const {
  if (partition.empty()) return false;
  const auto id = definitions().graph->find(key);
  const auto& spec = id ? definitions().definitions->assets[*id].partitions : std::nullopt;
  if (!spec) return false;
  const auto in_force = table(definitions(), keys);
  const auto* divided = in_force->of(*id);
  return divided && divided->index(partition);
}

void FakeStore::note_failed(const StepChanged& change) {
  const auto& run = runs_.at(change.run);
  const bool failed = change.step.status == StepStatus::failed;
  if (run.damaged || change.step.status == change.from || (!failed && change.step.status != StepStatus::succeeded)) return;
  const auto& key = run.context.definitions->assets[run.plan->asset(change.step.step)].key;
  const auto& partition = run.plan->partition(change.step.step);
  if (!had_partition(key, partition)) return;
  auto& of = failed_[{key, ""}];
  if (failed && is_said_to_fail(key, "", partition)) of.insert(partition);
  else of.erase(partition);
}

/// Made by hand, or elsewhere: of one that is divided, and no partition named, all that there are.
void FakeStore::note_well(const Materialization& made) {
  auto& of = failed_[{made.key, ""}];
  if (!made.partition.empty()) return static_cast<void>(of.erase(made.partition));
  const auto id = definitions().graph->find(made.key);
  if (const auto* divided = id ? table(definitions()).of(*id) : nullptr) divided->existing(made.at).each([&](PartitionIndex index) { of.erase(divided->key(index)); });
}

/// A result that names no partition is about all of them.
void FakeStore::note_failed(const CheckResult& result) {
  const auto id = definitions().graph->find(result.home);
  if (!id || !definitions().definitions->assets[*id].partitions) return;
  auto& of = failed_[{result.home, result.name}];
  if (result.partition.empty()) return of.clear();
  if (!had_partition(result.home, result.partition)) return;
  of.erase(result.partition);
  const bool failed = result.status == CheckStatus::failed || result.status == CheckStatus::error;
  if (failed && is_said_to_fail(result.home, result.name, result.partition)) of.insert(result.partition);
}

/// What fails in the transaction that adds its key may have failed before that, of nothing that there was: then its state says which.
bool FakeStore::is_said_to_fail(const std::string& key, const std::string& check, const std::string& partition) const {
  return !has_partition(key, partition) || has_partition(key, partition, keys_before_) || state_says_failed(key, check, partition);
}

bool FakeStore::state_says_failed(const std::string& key, const std::string& check, const std::string& partition) const {
  const auto state = assets_.find(key);
  if (state == assets_.end() || !state->second.partitions) return false;
  const auto& states = *state->second.partitions;
  const auto* divided = this->divided(key, states.spec);
  const auto index = divided ? divided->index(partition) : std::nullopt;
  const auto of_check = states.failed_checks.find(check);
  const auto& failed = check.empty() ? states.failed : of_check == states.failed_checks.end() ? IndexSet() : of_check->second;
  return index && failed.contains(*index);
}

/// A line for each begin and end of an attempt, in the order of the changes.
void FakeStore::check_lineage(const Batch& batch) {
  std::vector<std::string> expected, said;
  const bool wanted = rule_in(*definitions().definitions, kOpenLineage) != nullptr;
  for (const auto& change : batch.changes) {
    const auto* step = std::get_if<StepChanged>(&change);
    if (!wanted || !step || !step->step.started_at || step->step.status == step->from || runs_.at(step->run).damaged) continue;
    static const std::map<StepStatus, std::string> kTypes{{StepStatus::running, "START"}, {StepStatus::succeeded, "COMPLETE"}, {StepStatus::failed, "FAIL"}, {StepStatus::waiting_retry, "FAIL"}, {StepStatus::canceled, "ABORT"}};
    if (const auto type = kTypes.find(step->step.status); type != kTypes.end()) expected.push_back(type->second + " of step " + std::to_string(step->step.step) + " of run " + std::to_string(step->run));
  }
  for (const auto& change : batch.alerts) {
    const auto* raised = std::get_if<AlertRaised>(&change);
    if (!raised || raised->alert.event != kOpenLineage) continue;
    said.push_back(raised->alert.reason + " of step " + std::to_string(raised->alert.body.at("step").get<int>()) + " of run " + std::to_string(raised->alert.run));
    alerts_.push_back(raised->alert);
  }
  if (said != expected) broken(Invariant::told, "OpenLineage is told of " + std::to_string(said.size()) + " events, and there were " + std::to_string(expected.size()) + ", or in another order");
}

void FakeStore::take_attempt(const AlertRecord& alert) {
  const auto known = std::ranges::find(alerts_, alert.id, &AlertRecord::id);
  if (known == alerts_.end()) broken(Invariant::delivered, "an alert was tried that is not committed");
  if (known->state != AlertState::pending) broken(Invariant::delivered, "an alert that is " + std::string(to_string(known->state)) + " was tried again");
  if (alert.attempts != known->attempts + 1) broken(Invariant::delivered, "an attempt to deliver was not counted");
  known->state = alert.state;
  known->attempts = alert.attempts;
  known->next_attempt_at = alert.next_attempt_at;
  if (on_tried) on_tried(*known);
}

void FakeStore::check_attempt(const AlertRecord& alert, Millis give_up, WallTime now) const {
  auto delay = Millis{1'000};
  for (int i = 1; i < alert.attempts && delay < Millis{600'000}; ++i) delay *= 2;
  const auto again = now + std::min(delay, Millis{600'000});
  if (alert.state == AlertState::failed && again < alert.at + give_up) broken(Invariant::delivered, "an alert is given up before its time");
  if (alert.state == AlertState::pending && (alert.next_attempt_at != again || again >= alert.at + give_up)) broken(Invariant::delivered, "attempt " + std::to_string(alert.attempts + 1) + " is not when it should be");
}

void FakeStore::check_all_tried() const {
  for (const auto& alert : alerts_)
    if (alert.state == AlertState::pending) broken(Invariant::delivered, "an alert of " + alert.rule + " about " + alert.cause + " was never delivered");
}

}  // namespace assetd::simulation
