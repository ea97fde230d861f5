// OpenLineage: what happens to steps goes into the outbox of alerts, in the transaction of what it tells of.

#include <sodium.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/check/anomaly.h"
#include "core/openlineage/run_event.h"
#include "daemon/service/daemon_service.h"

namespace assetd {
namespace {

constexpr std::size_t kMostWaiting = 50'000;  // some 100 MB; a receiver that stays away must not fill the memory

const AlertSpec* lineage_rule(const Project* project) {
  if (!project) return nullptr;
  const auto& rules = project->definitions.alerts;
  const auto found = std::ranges::find_if(rules, [](const AlertSpec& rule) { return rule.openlineage.has_value(); });
  return found == rules.end() ? nullptr : &*found;
}

std::string uuid_of_text(const std::string& text) {
  unsigned char bytes[16];
  crypto_generichash(bytes, sizeof bytes, reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return uuid_of(bytes);
}

std::string random_event_id() {
  unsigned char random[16];
  char hex[33];
  randombytes_buf(random, sizeof random);
  sodium_bin2hex(hex, sizeof hex, random, sizeof random);
  return hex;
}

}  // namespace

void DaemonService::note_lineage(Turn& turn, const Change& change) {
  const auto* step = std::get_if<StepChanged>(&change);
  if (!step) return;
  const auto type = lineage_type_of(*step);
  if (!type) return;
  const auto current = project();
  if (const auto* rule = lineage_rule(current.get())) tell_lineage(turn, *rule, *step, *type);
}

void DaemonService::tell_lineage(Turn& turn, const AlertSpec& rule, const StepChanged& change, const std::string& type) {
  const auto* known = projection_.known(change.run);
  if (!known) return;
  if (alerts_.pending() >= kMostWaiting) {
    if (turn.selected.emplace("", std::set<std::string>{}).second) spdlog::error("{} events and alerts wait to be delivered: OpenLineage is not told of what happens now", kMostWaiting);
    return;
  }
  const auto& asset = known->context.definitions->assets[known->plan->asset(change.step.step)];
  const auto& partition = known->plan->partition(change.step.step);
  const auto run = store_->id() + "/" + std::to_string(change.run);
  const bool began = type == "START";
  LineageStep step;
  step.type = type;
  step.at = began ? *change.step.started_at : change.step.ended_at.value_or(turn.now.wall);
  step.name_space = rule.openlineage->name_space;
  step.asset = asset.key;
  step.run = uuid_of_text(run + "/" + asset.key + (partition.empty() ? "" : "[" + partition + "]") + "/" + std::to_string(change.step.attempts));
  step.parent_run = uuid_of_text(run);
  step.parent_job = known->run.job.empty() ? known->run.select : known->run.job;
  step.makes_data = known->plan->mode() != StepsMode::checks;
  if (step.makes_data)
    for (const auto& dep : asset.deps) step.inputs.push_back(dep.asset);
  else
    step.inputs.push_back(asset.key);
  step.nominal = known->run.trigger.instant;
  step.version = ASSETD_VERSION;
  if (type == "COMPLETE") {
    const auto& made = book_.stage(asset.key).last_materialization;  // staged already by the same change
    if (const auto rows = made && made->run == change.run ? metric_of(made->metadata, "row_count") : std::nullopt; rows && *rows >= 0) step.rows = static_cast<std::int64_t>(*rows);
  } else if (!began) {
    step.error = change.step.reason + (change.step.detail.empty() ? "" : ": " + change.step.detail);
  }
  AlertRecord event;
  event.id = random_event_id();
  event.rule = rule.name;
  event.event = kOpenLineage;
  event.at = turn.now.wall;
  event.run = change.run;
  event.asset = asset.key;
  event.reason = type;
  event.cause = kOpenLineage + (partition.empty() ? "" : " " + partition);
  event.next_attempt_at = turn.now.wall;
  event.body = lineage_event(step);
  alerts_.take(event);
  turn.batch.alerts.push_back(AlertRaised{std::move(event)});
}

}  // namespace assetd
