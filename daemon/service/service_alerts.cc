// Alerts: what happened is told by the rules of core/alert, kept with the change that it follows from, and then delivered.

#include <sodium.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/alert/message.h"
#include "core/graph/asset_key.h"
#include "core/partition/removed.h"
#include "core/schedule/cron.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

using nlohmann::json;

constexpr std::size_t kAlertIdBytes = 16, kSilenceIdBytes = 4;

std::string random_hex(std::size_t bytes) {
  unsigned char random[kAlertIdBytes];
  char hex[2 * kAlertIdBytes + 1];
  randombytes_buf(random, bytes);
  sodium_bin2hex(hex, sizeof hex, random, bytes);
  return hex;
}

const AlertSpec* rule_of(const Project* project, const std::string& name) {
  if (!project) return nullptr;
  const auto& rules = project->definitions.alerts;
  const auto found = std::ranges::find(rules, name, &AlertSpec::name);
  return found == rules.end() ? nullptr : &*found;
}

Reply no_rule(const Project& project, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& rule : project.definitions.alerts) names.push_back(rule.name);
  const auto nearest = nearest_name(name, names);
  return not_found("alert", "there is no alert '" + name + "' in the definitions" + (nearest.empty() ? "" : "; nearest: '" + nearest + "'"));
}

Event alert_event(const AlertRecord& alert, WallTime at) {
  json changes = {{"state", to_string(alert.state)}, {"attempts", alert.attempts}};
  if (!alert.last_error.empty()) changes["last_error"] = alert.last_error;
  return {0, at, "alert_changed", alert.run, alert.asset, {{"alert_id", alert.id}, {"rule", alert.rule}, {"event", alert.event}}, std::move(changes)};
}

}  // namespace

/// In the transaction of what it follows from: whatever is committed is told, and nothing else.
void DaemonService::note_alerts(Turn& turn, const Change& change) {
  if (const auto* ended = std::get_if<RunChanged>(&change); ended && is_terminal(ended->run.status)) {
    for (auto& happening : happenings_of(*ended)) tell(turn, std::move(happening));
  } else if (const auto* step = std::get_if<StepChanged>(&change); step && step->step.status == StepStatus::succeeded) {
    if (const auto* known = projection_.known(step->run)) mend(turn, known->context.definitions->assets[known->plan->asset(step->step.step)].key, "");
  } else if (const auto* check = std::get_if<CheckReported>(&change)) {
    if (auto happening = happening_of(check->result)) tell(turn, std::move(*happening));
    else if (check->result.waived.empty() && (check->result.status == CheckStatus::passed || check->result.status == CheckStatus::warned)) mend(turn, check->result.home, check->result.name);
  }
}

void DaemonService::note_alerts(Turn& turn, const FreshnessTold& told) {
  if (told.freshness == Freshness::violated)
    tell(turn, {.event = AlertEvent::freshness_violated, .at = turn.now.wall, .asset = told.key, .reason = "freshness_violated", .detail = told.detail});
  else if (told.freshness == Freshness::fresh || told.freshness == Freshness::none)
    for (auto& change : alerts_.refresh(told.key, turn.now.wall)) turn.batch.alerts.push_back(std::move(change));
}

void DaemonService::mend(Turn& turn, const std::string& asset, const std::string& check) {
  const auto failed = failed_partitions(asset, check);
  const auto is_failed = [&](const std::string& partition) {
    if (partition.empty()) return !failed.set.empty();
    const auto index = failed.divided ? failed.divided->index(partition) : std::nullopt;
    return index && failed.set.contains(*index);
  };
  for (auto& change : alerts_.mend(asset, check, turn.now.wall, is_failed)) turn.batch.alerts.push_back(std::move(change));
}

/// In which the asset failed last, or its check (not ""), with what the turn in progress is about to commit. One that was removed cannot be made well: it counts no more.
DaemonService::FailedPartitions DaemonService::failed_partitions(const std::string& key, const std::string& check) const {
  const auto in_force = partitions();
  const auto id = in_force ? in_force->project->graph.find(key) : std::nullopt;
  const auto* divided = id ? in_force->table.of(*id) : nullptr;
  const auto* state = book_.find(key);
  if (!divided || !state || !state->partitions) return {};
  FailedPartitions found{in_force, divided, {}};
  if (check.empty()) found.set = without_removed(*divided, state->partitions->failed);
  else if (const auto where = state->partitions->failed_checks.find(check); where != state->partitions->failed_checks.end()) found.set = without_removed(*divided, where->second);
  return found;
}

/// As the run's own definitions say; of a run that nobody knows any more, as those that serve.
const AssetSpec* DaemonService::asset_of(RunId run, const std::string& key) const {
  const auto* known = projection_.known(run);
  const auto current = project();
  const Definitions* definitions = known ? known->context.definitions.get() : current ? &current->definitions : nullptr;
  if (!definitions) return nullptr;
  const auto& assets = definitions->assets;  // sorted by key
  const auto found = std::ranges::lower_bound(assets, key, {}, &AssetSpec::key);
  return found != assets.end() && found->key == key ? &*found : nullptr;
}

std::vector<std::string> DaemonService::owners_of_run(RunId run) const {
  std::set<std::string> owners;
  if (const auto* known = projection_.known(run))
    for (StepIndex step = 0; step < known->plan->size(); ++step) {
      const auto& of_asset = known->context.definitions->assets[known->plan->asset(step)].owners;
      owners.insert(of_asset.begin(), of_asset.end());
    }
  return {owners.begin(), owners.end()};
}

/// A selection that no longer resolves, as one of an asset that is gone, is about nothing.
bool DaemonService::is_about(Turn& turn, const std::string& select_text, const Happening& happening) {
  auto found = turn.selected.find(select_text);
  if (found == turn.selected.end()) {
    std::set<std::string> keys;
    if (const auto current = project())
      if (const auto assets = select(*current, select_text))
        for (const auto asset : *assets) keys.insert(current->definitions.assets[asset].key);
    found = turn.selected.emplace(select_text, std::move(keys)).first;
  }
  const auto& keys = found->second;
  if (!happening.asset.empty()) return keys.contains(happening.asset);
  const auto* known = projection_.known(happening.run);
  for (StepIndex step = 0; known && step < known->plan->size(); ++step)
    if (keys.contains(known->context.definitions->assets[known->plan->asset(step)].key)) return true;
  return false;
}

void DaemonService::tell(Turn& turn, Happening happening) {
  const auto current = project();
  if (!current || current->definitions.alerts.empty()) return;
  happening = with_owners(std::move(happening));
  if (!happening.partitions.empty()) happening.failed_partitions = static_cast<std::size_t>(failed_partitions(happening.asset, happening.check).set.size());
  const auto selected = [&](const std::string& select_text) { return is_about(turn, select_text, happening); };
  for (const auto& rule : current->definitions.alerts) {
    auto change = alerts_.tell(rule, happening, selected, random_hex(kAlertIdBytes));
    if (!change) continue;
    if (auto* raised = std::get_if<AlertRaised>(&*change)) raise(turn, std::move(*raised), happening.owners);
    else turn.batch.alerts.push_back(std::move(*change));
  }
}

void DaemonService::tell_after_silences(Turn& turn) {
  if (!project() || silence_ends_.empty() || *silence_ends_.begin() > turn.now.wall) return;
  silence_ends_.erase(silence_ends_.begin(), silence_ends_.upper_bound(turn.now.wall));
  tell_what_lasts(turn);
}

/// What fails is told at its next failure. That data is too old is told once, when it becomes so: if a silence stood then, it is told when none does any more.
void DaemonService::tell_what_lasts(Turn& turn) {
  const auto current = project();
  const auto held = reader_->alerts_held_back();
  if (!held) return;  // the store says so elsewhere; the asset shows it all the while
  for (const auto& alert : *held) {
    const auto* rule = rule_of(current.get(), alert.rule);
    const auto id = current->graph.find(alert.asset);
    if (!rule || !id || book_.current(*id).freshness != to_string(Freshness::violated)) continue;
    const auto happening = with_owners({.event = AlertEvent::freshness_violated, .at = turn.now.wall, .asset = alert.asset, .reason = alert.reason, .detail = alert.detail});
    auto change = alerts_.tell(*rule, happening, [&](const std::string& select_text) { return is_about(turn, select_text, happening); }, random_hex(kAlertIdBytes));
    auto* raised = change ? std::get_if<AlertRaised>(&*change) : nullptr;
    if (raised && raised->alert.state == AlertState::pending) raise(turn, std::move(*raised), happening.owners);
  }
}

Happening DaemonService::with_owners(Happening happening) {
  if (const auto* asset = happening.asset.empty() ? nullptr : asset_of(happening.run, happening.asset)) happening.owners = asset->owners;
  else happening.owners = owners_of_run(happening.run);
  happening.acknowledged = !happening.asset.empty() && is_acknowledged(happening.asset);
  return happening;
}

void DaemonService::raise(Turn& turn, AlertRaised raised, const std::vector<std::string>& owners) {
  auto& alert = raised.alert;
  const auto current = project();
  const auto* known = projection_.known(alert.run);
  AlertSetting setting;
  setting.project = current->definitions.name;
  setting.environment = current->definitions.environment;
  {
    std::lock_guard lock(mutex_);
    setting.address = options_.public_address.empty() ? options_.listen : options_.public_address;
  }
  if (!setting.address.starts_with("http")) setting.address.clear();  // a socket in the file system is no address for people
  if (known) setting.run = &known->run;
  setting.owners = owners;
  if (const auto* asset = alert.asset.empty() ? nullptr : asset_of(alert.run, alert.asset)) {
    setting.runbook = asset->runbook;
    if (known && !asset->external) setting.step = alert.asset;
  }
  alert.body = alert_body(alert, setting);
  alerts_.take(alert);
  turn.batch.events.push_back(alert_event(alert, turn.now.wall));
  turn.batch.alerts.push_back(std::move(raised));
}

void DaemonService::start_courier() {
  auto sender = options_.alert_sender;
  if (!sender) sender = make_alert_sender({options_.compile.project_dir, daemon_env_, default_secrets(daemon_env_)});
  courier_ = std::make_unique<AlertCourier>(std::move(sender), [this](const std::string& alert, const Sent& sent) {
    tasks_.push([this, alert, sent](Turn& turn) { take_delivery(turn, alert, sent); });
  });
}

/// Between turns: what the book gives is committed, or the store is latched and nothing is sent.
void DaemonService::send_due_alerts(const Now& now) {
  if (is_latched() || !courier_) return;
  const auto current = project();
  if (!current) return;
  for (auto& alert : alerts_.due(now.wall)) {
    if (const auto* rule = rule_of(current.get(), alert.rule)) {
      courier_->deliver({std::move(alert), *rule});
      continue;
    }
    tasks_.push([this, alert](Turn& turn) { take_delivery(turn, alert.id, std::unexpected("the alert '" + alert.rule + "' is no longer in the definitions: nobody is told")); });
  }
}

void DaemonService::take_delivery(Turn& turn, const std::string& id, const Sent& sent) {
  if (is_latched()) return;  // when the store works again it is as if it had not been tried: it may come twice
  const auto current = project();
  const auto give_up = [&](const AlertRecord& alert) {
    const auto* rule = rule_of(current.get(), alert.rule);
    return rule ? rule->give_up : Millis{0};
  };
  const auto error = sent ? std::nullopt : std::optional(sent.error());
  auto change = alerts_.attempted(id, error, turn.now.wall, give_up);
  if (!change) return;
  auto& alert = change->alert;
  if (sent) alert.last_error = *sent;
  if (error && alert.state == AlertState::failed) spdlog::error("alert {} of the rule {} was not delivered and is given up after {} attempts: {}", alert.id, alert.rule, alert.attempts, *error);
  else if (error) spdlog::warn("alert {} of the rule {}: attempt {} failed, the next is at {}: {}", alert.id, alert.rule, alert.attempts, format_time(*alert.next_attempt_at), *error);
  else if (!sent->empty()) spdlog::warn("alert {} of the rule {} was delivered, but: {}", alert.id, alert.rule, *sent);
  if (error || alert.event != kOpenLineage) turn.batch.events.push_back(alert_event(alert, turn.now.wall));  // thousands of those that just arrive tell nobody anything
  turn.batch.alerts.push_back(std::move(*change));
}

void DaemonService::test_alert(Caller caller, std::string rule, Done done) {
  command(std::move(caller), std::move(done), [this, rule](Turn& turn, const Caller& who) -> Reply {
    const auto current = project();
    if (!current) return unavailable("no definitions are loaded yet");
    const auto* spec = rule_of(current.get(), rule);
    if (!spec) return no_rule(*current, rule);
    if (spec->openlineage) return conflict("no-test", "Nothing to test", "events of OpenLineage tell of steps: materialize an asset, and assetctl alerts list --rule openlineage shows what arrived");
    auto raised = alerts_.test(*spec, turn.now.wall, random_hex(kAlertIdBytes));
    const auto id = raised.alert.id;
    raise(turn, std::move(raised), {});
    audit(turn, who, "alert.test", "alert " + rule, {{"id", id}});
    return {201, {{"id", id}, {"rule", rule}, {"state", "pending"}}, "/api/v1/alerts/" + id};
  });
}

void DaemonService::add_silence(Caller caller, SilenceBody body, Done done) {
  command(std::move(caller), std::move(done), [this, body](Turn& turn, const Caller& who) -> Reply {
    const auto current = project();
    if (!current) return unavailable("no definitions are loaded yet");
    if (!body.rule.empty() && !rule_of(current.get(), body.rule)) return no_rule(*current, body.rule);
    if (body.until <= turn.now.wall) {
      const std::string why = "until is in the past: a silence is for what is to come";
      return problem(422, "invalid-silence", "The silence is not valid", why, json::array({{{"pointer", "/until"}, {"detail", why}}}));
    }
    if (!body.select.empty())
      if (const auto selected = select(*current, body.select); !selected) return selection_problem(selected.error());
    Silence silence{random_hex(kSilenceIdBytes), body.rule, body.select, body.reason, who.actor.name, turn.now.wall, body.until};
    alerts_.add(silence);
    silence_ends_.insert(silence.until);
    turn.batch.alerts.push_back(SilenceAdded{silence});
    json detail = {{"until", format_time(silence.until)}};
    for (const auto& [name, text] : {std::pair("rule", &body.rule), std::pair("select", &body.select), std::pair("reason", &body.reason)})
      if (!text->empty()) detail[name] = *text;
    audit(turn, who, "alert.silence", "silence " + silence.id, std::move(detail));
    return {201, {{"id", silence.id}, {"until", format_time(silence.until)}}, "/api/v1/alerts/silences"};
  });
}

void DaemonService::end_silence(Caller caller, std::string silence, Done done) {
  command(std::move(caller), std::move(done), [this, silence](Turn& turn, const Caller& who) -> Reply {
    if (!alerts_.end(silence, turn.now.wall)) return not_found("silence", "there is no silence '" + silence + "' that stands: GET /alerts/silences lists them");
    turn.batch.alerts.push_back(SilenceEnded{silence});
    audit(turn, who, "alert.unsilence", "silence " + silence);
    tell_what_lasts(turn);
    return {200, {{"id", silence}}};
  });
}

}  // namespace assetd
