#include "core/automation/answer_json.h"

#include <algorithm>

namespace assetd {
namespace {

using Kind = Condition::Kind;

constexpr std::size_t kMostShown = 50;

/// What a leaf says where it holds, and where it does not.
struct LeafReason {
  Kind kind;
  const char* holds;
  const char* holds_not;
};
constexpr LeafReason kLeafReasons[] = {
    {Kind::missing, "it was never materialized", "it has been materialized"},
    {Kind::in_progress, "a run that is not over is to make it", "no run is making it"},
    {Kind::failed, "its last attempt failed", "its last attempt did not fail"},
    {Kind::newly_updated, "it was materialized since the evaluation before", "it was not materialized since the evaluation before"},
    {Kind::newly_updated_apart, "it was materialized since the evaluation before, by a run that does not make this asset as well",
     "nothing new of it since the evaluation before, other than by a run that makes this asset as well"},
    {Kind::newly_requested, "the evaluation before asked for it", "the evaluation before did not ask for it"},
    {Kind::code_version_changed, "its code is another than at the evaluation before", "its code is the same as at the evaluation before"},
    {Kind::checks_passed, "none of its checks failed at its last result", "a check of it failed at its last result, or has not judged its newest data yet"},
    {Kind::in_latest_time_window, "it is in the newest window of time, or has none", "it is not in the newest window of time"},
    {Kind::requested, "this evaluation asks for it as well", "this evaluation does not ask for it"},
};

std::string deps_reason(const ConditionAnswer& answer) {
  const auto holding = std::ranges::count_if(answer.children, [](const ConditionAnswer& child) { return !child.holds.empty(); });
  return "true of " + std::to_string(holding) + " of " + std::to_string(answer.children.size()) + (answer.children.size() == 1 ? " asset above" : " assets above");
}

std::string reason_of(const ConditionAnswer& answer) {
  const auto& condition = *answer.condition;
  const bool holds = !answer.holds.empty();
  const auto* const leaf = std::ranges::find(kLeafReasons, condition.kind, &LeafReason::kind);
  if (leaf != std::end(kLeafReasons)) return holds ? leaf->holds : leaf->holds_not;
  switch (condition.kind) {
    case Kind::cron_tick_passed:
      return std::string(holds ? "an instant of \"" : "no instant of \"") + condition.text + "\"" + (condition.zone.empty() ? "" : " in " + condition.zone) +
             " came since the evaluation before";
    case Kind::any_deps:
    case Kind::all_deps: return deps_reason(answer);
    case Kind::since: return holds ? "the first became true, and the second has not since" : "the first has not become true since the second was";
    case Kind::newly_true: return holds ? "it became true with this evaluation" : "it did not become true with this evaluation";
    case Kind::negation: return holds ? "what stands in it is false" : "what stands in it is true";
    case Kind::all_of: return holds ? "all of it is true" : "not all of it is true";
    default: return holds ? "some of it is true" : "none of it is true";
  }
}

nlohmann::json shown(const ConditionAnswer& answer, const AssetGraph& graph, AssetId above) {
  nlohmann::json out = {{"name", answer.condition->name}, {"holds", !answer.holds.empty()}, {"reason", reason_of(answer)}};
  if (answer.on != above) out["asset"] = graph.key(answer.on);
  if (answer.children.empty()) return out;
  std::vector<const ConditionAnswer*> children;
  for (const auto& child : answer.children) children.push_back(&child);
  if (children.size() > kMostShown) {
    const bool decisive = answer.condition->kind == Kind::any_deps;
    std::ranges::stable_partition(children, [&](const ConditionAnswer* child) { return child->holds.empty() != decisive; });
    out["more"] = children.size() - kMostShown;
    children.resize(kMostShown);
  }
  out["children"] = nlohmann::json::array();
  for (const auto* child : children) out["children"].push_back(shown(*child, graph, answer.on));
  return out;
}

std::string held_back(const ConditionAnswer& answer, const std::string& before) {
  std::string out;
  if (!answer.unchecked.empty()) out = "held back: a blocking check of what is above has not ended, or has failed";
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  if (!(answer.kept - answer.unchecked - answer.holds).empty()) add("held back: it was true, and is asked for when the pause is over, or the run that is to make it has not made it");
  if (!answer.spent.empty()) add("held back: it was asked for for the same causes" + before);
  if (!answer.late.empty()) add("it was true before, and is asked for now that nothing holds it back");
  return out;
}

}  // namespace

nlohmann::json to_json(const ConditionAnswer& answer, const AssetGraph& graph, const std::string& before) {
  auto out = shown(answer, graph, answer.on);
  if (const auto why = held_back(answer, before); !why.empty()) out["reason"] = out["reason"].get<std::string>() + "; " + why;
  return out;
}

}  // namespace assetd
