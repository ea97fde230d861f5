#include "cli/asset_outlook.h"

#include "cli/format.h"
#include "cli/table.h"

namespace assetd::cli {
namespace {

constexpr const char* kFailedShown = "5";
constexpr const char* kAttemptsLookedAt = "100";
constexpr const char* kEventsLookedAt = "50";

void add_failed_partitions(Session& session, const std::string& key, Json& asset) {
  if (!asset.value("partitions", Json()).is_object() || asset["partitions"].value("counts", Json::object()).value("failed", 0) == 0) return;
  if (auto failed = session.api->get("/assets/" + key_in_path(key) + "/partitions", {{"status", "failed"}, {"limit", kFailedShown}})) asset["partitions"]["failures"] = (*failed)["items"];
}

void add_last_failure(Session& session, const std::string& key, Json& asset) {
  const auto last = asset.value("last_attempt", Json());
  if (!last.is_object() || text_at(last, "status") == "failed") return;
  const auto attempts = session.api->get("/assets/" + key_in_path(key) + "/attempts", {{"limit", kAttemptsLookedAt}});
  if (!attempts) return;
  for (const auto& each : attempts->value("items", Json::array()))
    if (text_at(each, "status") == "failed") {
      asset["last_failure"] = each;
      return;
    }
}

/// Its event says it, of the same instant.
void add_reported(Session& session, const std::string& key, Json& asset) {
  const auto made = asset.value("last_materialization", Json());
  if (!made.is_object() || !text_at(made, "run_id").empty()) return;
  const auto events = session.api->get("/assets/" + key_in_path(key) + "/events", {{"limit", kEventsLookedAt}});
  if (!events) return;
  for (const auto& event : events->value("items", Json::array())) {
    const auto changes = event.value("changes", Json::object());
    if (text_at(event, "type") != "materialization" || text_at(event, "at") != text_at(made, "at") || !changes.contains("reported_by")) continue;
    asset["reported"] = {{"by", changes["reported_by"]}, {"reason", changes.value("reason", "")}};
    return;
  }
}

/// The first tick whose run makes it; null: none does.
Json next_start(const Json& asset) {
  const auto triggers = asset.value("triggers", Json::object());
  const auto tick = triggers.value("next", Json());
  if (!tick.is_object()) return nullptr;
  return {{"at", text_at(tick, "at")}, {"partition", nullptr}, {"trigger", {{"kind", "schedule"}, {"name", text_at(tick, "schedule")}}}, {"run_id", nullptr}};
}

}  // namespace

// A daemon from before any of these has none to tell.
Result<Json> asset_with_outlook(Session& session, const std::string& key) {
  auto asset = session.api->get("/assets/" + key_in_path(key));
  if (!asset) return asset;
  if (auto automation = session.api->get("/assets/" + key_in_path(key) + "/automation")) (*asset)["automation"] = std::move(*automation);
  if (auto triggers = session.api->get("/assets/" + key_in_path(key) + "/triggers")) (*asset)["triggers"] = std::move(*triggers);
  if (asset->value("partitions", Json()).is_object())
    if (auto map = session.api->get("/assets/" + key_in_path(key) + "/partitions/map", {{"limit", "1"}})) (*asset)["partitions"]["counts"] = (*map)["counts"];
  add_failed_partitions(session, key, *asset);
  add_last_failure(session, key, *asset);
  add_reported(session, key, *asset);
  (*asset)["next_start"] = next_start(*asset);
  return asset;
}

std::string said_text(const Json& asset) {
  const auto reported = asset.value("reported", Json());
  if (!reported.is_object()) return "reported";
  const auto by = text_at(reported, "by"), reason = text_at(reported, "reason");
  if (reason == "observed" && (by.starts_with("step ") || by.starts_with("attempt "))) return "observed by " + by;
  return "reported by " + by + (reason.empty() ? "" : ": " + reason);
}

std::string failure_text(const Json& partition, SystemTime now) {
  const auto failure = partition.value("failure", Json());
  if (!failure.is_object()) return text_at(partition, "status") == "failed" ? "failed long ago" : "";
  const auto detail = text_at(failure, "detail");
  return "in run " + text_at(failure, "run_id") + ", " + ago_at(failure, "at", now) + " — " + text_at(failure, "reason") + (detail.empty() ? "" : ": " + detail);
}

namespace {

std::string held_text(const Json& triggers) {
  for (const auto* field : {"paused", "muted"}) {
    const auto pause = triggers.value(field, Json());
    if (!pause.is_object()) continue;
    const auto until = text_at(pause, "until");
    return std::string("nothing by itself: ") + (std::string(field) == "paused" ? "all is paused" : "it is muted") + (until.empty() ? "" : " until " + until);
  }
  return "";
}

/// As the daemon says it; of one that does not yet, no more than its condition.
std::string automation_next_text(const Json& automation) {
  const auto condition = text_at(automation, "condition"), next = text_at(automation, "next"), held = text_at(automation, "held");
  if (condition.empty()) return "";
  if (next.empty()) return "automation, when its condition is true: " + condition;
  return next + " (automation)" + (held.empty() ? "" : "; held back: " + held);
}

/// What stands ready to begin it without a time of its own.
void add_waiting(const Json& asset, const Json& triggers, std::vector<std::string>& out) {
  for (const auto& backfill : triggers.value("backfills", Json::array())) out.push_back("backfill " + text_at(backfill, "id") + ", which is " + text_at(backfill, "status"));
  if (const auto text = automation_next_text(asset.value("automation", Json::object())); !text.empty()) out.push_back(text);
  for (const auto& sensor : triggers.value("sensors", Json::array()))
    if (!sensor.value("paused", false)) out.push_back("when the sensor " + text_at(sensor, "name") + " (" + text_at(sensor, "kind") + ") fires");
}

}  // namespace

std::vector<std::string> next_texts(const Json& asset, SystemTime now) {
  if (asset.value("external", false)) return {"nothing here makes it: its data is reported (assetctl report) or observed by a step"};
  std::vector<std::string> out;
  if (const auto running = asset.value("in_progress", Json()); running.is_object()) out.push_back("run " + text_at(running, "run_id") + ", which makes it now");
  const auto triggers = asset.value("triggers", Json());
  if (!triggers.is_object()) return out;
  const auto tick = triggers.value("next", Json());
  const auto held = held_text(triggers);
  if (tick.is_object()) out.push_back(text_at(tick, "at") + " (" + ago_at(tick, "at", now) + "), tick of the schedule " + text_at(tick, "schedule"));
  if (!held.empty()) out.push_back(held);
  else add_waiting(asset, triggers, out);
  if (out.empty()) out.push_back("only people do: assetctl materialize " + text_at(asset, "key"));
  return out;
}

}  // namespace assetd::cli
