// What automation asks for becomes runs; pauses, and the red button.

#include <spdlog/spdlog.h>

#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

using nlohmann::json;

constexpr int kMostRuns = 8;            // of one turn: a run's begin may be what the next condition waits for
constexpr std::size_t kKeysNamed = 50;  // in a run's selection

std::string selection_of(const Project& project, const std::vector<AssetId>& assets) {
  std::string out;
  for (std::size_t i = 0; i < std::min(assets.size(), kKeysNamed); ++i) out += (i == 0 ? "\"" : " or \"") + project.graph.key(assets[i]) + "\"";
  return assets.size() > kKeysNamed ? out + " … (" + std::to_string(assets.size()) + " assets)" : out;
}

Event pause_event(WallTime at, const std::string& asset, json changes) {
  return {0, at, "automation_changed", 0, asset, {{"key", asset.empty() ? json() : json(asset)}}, std::move(changes)};
}

std::string subject_of(const std::string& asset) { return asset.empty() ? "automation" : "asset " + asset; }

}  // namespace

json to_json(const AutomationPause& pause) {
  return {{"by", pause.by}, {"reason", pause.reason}, {"at", format_time(pause.at)}, {"until", pause.until ? json(format_time(*pause.until)) : json()}};
}

/// At the end of a turn: what its changes set going commits with them.
void DaemonService::automate(Turn& turn) {
  if (is_latched() || !automator_.is_due(turn.now.wall)) return;
  for (int round = 0; round < kMostRuns; ++round) {
    const auto wanted = automator_.evaluate(turn.now.wall);
    if (wanted.assets.empty()) break;
    if (const auto run = request_automated(turn, wanted)) automator_.requested(wanted.assets, *run);
  }
  automator_.write(turn.batch.automation);
  for (const auto& pause : turn.batch.automation.paused) {
    auto changes = to_json(pause);
    changes["paused"] = true;
    turn.batch.events.push_back(pause_event(turn.now.wall, pause.asset, std::move(changes)));
  }
  for (const auto& asset : turn.batch.automation.resumed) turn.batch.events.push_back(pause_event(turn.now.wall, asset, {{"paused", false}}));
}

std::optional<RunId> DaemonService::request_automated(Turn& turn, const AutomationWanted& wanted) {
  const auto& assets = wanted.assets;
  const auto current = project();
  Resolved resolved{std::make_shared<RunPlan>(plan_of(*current, assets, StepsMode::all, turn.now.wall, &wanted.sets)), current};
  if (resolved.plan->size() == 0) return std::nullopt;
  RunRecord run;
  run.select = selection_of(*current, assets);
  run.trigger = {"automation", assets.size() == 1 ? current->graph.key(assets.front()) : "", std::nullopt};
  run.actor = {"automation", ""};
  return begin_run(turn, std::move(run), resolved);
}

void DaemonService::pause_automation(Caller caller, std::string asset, std::string reason, std::optional<WallTime> until, Done done) {
  command(std::move(caller), std::move(done), [this, asset, reason, until](Turn& turn, const Caller& who) -> Reply {
    if (until && *until <= turn.now.wall) return problem(422, "invalid-until", "The time is over", "until: " + format_time(*until) + " has passed", json::array({{{"pointer", "/until"}, {"detail", "must lie ahead"}}}));
    if (auto wrong = not_to_mute(asset)) return std::move(*wrong);
    const AutomationPause pause{asset, who.actor.name, reason, turn.now.wall, until};
    automator_.pause(pause);
    auto body = to_json(pause);
    audit(turn, who, "automation.pause", subject_of(asset), body);
    body["key"] = asset.empty() ? json() : json(asset);
    body["paused"] = true;
    return {200, std::move(body)};
  });
}

void DaemonService::resume_automation(Caller caller, std::string asset, std::string reason, Done done) {
  command(std::move(caller), std::move(done), [this, asset, reason](Turn& turn, const Caller& who) -> Reply {
    if (!automator_.resume(asset)) {
      if (auto wrong = not_to_mute(asset)) return std::move(*wrong);
    } else {
      audit(turn, who, "automation.resume", subject_of(asset), reason.empty() ? json::object() : json{{"reason", reason}});
    }
    return {200, {{"key", asset.empty() ? json() : json(asset)}, {"paused", false}}};
  });
}

/// Why this asset cannot be muted; nothing for "", which is all.
std::optional<Reply> DaemonService::not_to_mute(const std::string& asset) const {
  if (asset.empty()) return std::nullopt;
  const auto current = project();
  const auto id = current ? current->graph.find(asset) : std::nullopt;
  if (!id) return not_found("asset", "nobody defines the asset '" + asset + "'");
  if (!current->definitions.assets[*id].external) return std::nullopt;
  return conflict("external-asset", "The asset is external", "'" + asset + "' is made elsewhere: nothing here makes it, so there is nothing to mute; what is made from it can be muted");
}

AutomationPage DaemonService::automation(const std::string& after, std::size_t limit) {
  return ask<AutomationPage>([this, after, limit] { return automator_.page(after, limit, clock_.now().wall); });
}

std::optional<AutomationView> DaemonService::automation_of(const std::string& key) {
  return ask<std::optional<AutomationView>>([this, key] { return automator_.view(key, clock_.now().wall); });
}

}  // namespace assetd
