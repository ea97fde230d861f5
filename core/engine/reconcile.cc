#include "core/engine/reconcile.h"

namespace assetd {
namespace {

StopAttempt plain_stop(const AttemptId& attempt) { return {attempt, {"TERM"}}; }

bool is_of_wreck(const Engine& engine, const AttemptId& id) {
  for (const auto& [run, wreck] : engine.wrecks())
    if (wreck.live.contains(id)) return true;
  return false;
}

}  // namespace

std::vector<AttemptId> seen_running(const Engine& engine) {
  std::vector<AttemptId> seen;
  for (const auto& [run, wreck] : engine.wrecks())
    for (const auto& [id, record] : wreck.live)
      if (record.started_at) seen.push_back(id);
  for (const auto& [run_id, run] : engine.runs())
    for (const auto& [id, live] : run->live)
      if (live.record.started_at) seen.push_back(id);
  return seen;
}

std::vector<ReconcileAction> reconcile(const Engine& engine, std::span<const ListedAttempt> listing, const WasSent& was_sent, const Now& now) {
  const auto booted_at = now.wall - now.boot;
  std::vector<ReconcileAction> actions;
  std::set<AttemptId> listed;
  for (const auto& each : listing) {
    listed.insert(each.attempt);
    if (each.running && !engine.attempt(each.attempt) && !is_of_wreck(engine, each.attempt)) actions.push_back(StopStray{plain_stop(each.attempt)});
  }
  // Of a run of which nothing can go on: what runs is stopped, and what the supervisor does not know will never be sent to it.
  for (const auto& [run, wreck] : engine.wrecks())
    for (const auto& [id, record] : wreck.live) {
      if (listed.contains(id)) actions.push_back(plain_stop(id));
      else if (record.started_at || !was_sent(id)) actions.push_back(ReportLost{record});
    }
  for (const auto& [run_id, run] : engine.runs())
    for (const auto& [id, live] : run->live) {
      const bool known = listed.contains(id);
      const bool may_have_run = live.record.started_at || (live.record.intended_at < booted_at && !was_sent(id));
      if (!known && may_have_run) {
        actions.push_back(ReportLost{live.record});
        continue;  // a stop of the unknown would be answered with never_started
      }
      if (!known && !was_sent(id)) actions.push_back(StartAttempt{live.record});
      if (!live.stop_reason.empty()) actions.push_back(RunMachine::stop_effect(*run, live));
    }
  return actions;
}

}  // namespace assetd
