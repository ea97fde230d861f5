#include "core/automation/automation.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace assetd {
namespace {

using Kind = Condition::Kind;

/// Does what it says hold for one evaluation only?
bool is_news(Kind kind) {
  return kind == Kind::newly_updated || kind == Kind::newly_updated_apart || kind == Kind::newly_requested || kind == Kind::code_version_changed || kind == Kind::cron_tick_passed ||
         kind == Kind::requested || kind == Kind::newly_true;
}

/// Does what it says of one evaluation count until something may be requested? What is only about to be made says so again by being made.
bool outlasts_pause(Kind kind) {
  return kind == Kind::newly_updated || kind == Kind::newly_updated_apart || kind == Kind::code_version_changed || kind == Kind::cron_tick_passed || kind == Kind::newly_true;
}

/// What happened, as against how things stand. What became of the asset itself is no reason to make it again.
bool is_cause(Kind kind, bool on_itself) {
  if (kind == Kind::code_version_changed || kind == Kind::cron_tick_passed) return true;
  return !on_itself && (kind == Kind::newly_updated || kind == Kind::newly_updated_apart || kind == Kind::newly_requested || kind == Kind::requested);
}

const IndexSet& find_or_empty(const std::map<AssetId, IndexSet>& sets, AssetId asset) {
  static const IndexSet kEmpty;
  const auto it = sets.find(asset);
  return it == sets.end() ? kEmpty : it->second;
}

std::vector<AssetId> within_reach(const AssetGraph& graph, AssetId asset, std::size_t depth) {
  const auto flags = graph.ancestors({&asset, 1}, static_cast<std::uint32_t>(depth));
  std::vector<AssetId> out;
  for (AssetId each = 0; each < flags.size(); ++each)
    if (flags[each]) out.push_back(each);
  return out;
}

}  // namespace

/// What one evaluation goes by, and what it has asked for so far.
struct Automation::Scene {
  WallTime now;
  const AutomationNews& news;
  std::map<AssetId, IndexSet> requested{};
};

Automation::Automation(const AutomationWorld& world) : world_(world), numbers_(world.graph().size(), kNoSubject), watchers_(world.graph().size()) {
  const auto& graph = world.graph();
  for (const auto asset : graph.topological()) {
    auto condition = world.condition(asset);
    if (!condition) continue;
    Subject subject{.asset = asset, .condition = condition};
    add_node(subject, *condition);
    subject.watched = within_reach(graph, asset, std::max<std::size_t>(1, depth_of(*condition)));  // checks of what is above it, in any case
    for (const auto watched : subject.watched) watchers_[watched].push_back(subjects_.size());
    numbers_[asset] = subjects_.size();
    subjects_.push_back(std::move(subject));
  }
}

std::size_t Automation::add_node(Subject& subject, const Condition& condition, bool in_since) {
  const auto index = subject.nodes.size();
  subject.keeps_to_latest = subject.keeps_to_latest || condition.kind == Kind::in_latest_time_window;
  subject.nodes.push_back({&condition, {}, {}, !in_since && outlasts_pause(condition.kind)});
  if (condition.kind == Kind::cron_tick_passed)
    if (auto cron = CronSchedule::parse(condition.text, condition.zone)) subject.nodes[index].cron = *std::move(cron);
  for (const auto& child : condition.children) {
    const auto added = add_node(subject, *child, in_since || condition.kind == Kind::since);
    subject.nodes[index].children.push_back(added);
  }
  return index;
}

// ---- Which are looked at

std::vector<Automation::Evaluated> Automation::evaluate(WallTime now, const AutomationNews& news) {
  if (!last_) return evaluate_all(now, news);
  std::set<std::size_t> due = restless_;
  const auto look_from = [&](AssetId asset) { due.insert(watchers_[asset].begin(), watchers_[asset].end()); };
  for (const auto* sets : {&news.made, &news.updated, &news.code_changed, &std::as_const(requested_)})
    for (const auto& [asset, set] : *sets) look_from(asset);
  for (const auto asset : news.touched) look_from(asset);
  for (const auto& [at, subject] : timers_) {
    if (at > now) break;
    due.insert(subject);
  }
  Scene scene{now, news};
  return evaluate(scene, std::move(due));
}

std::vector<Automation::Evaluated> Automation::evaluate_all(WallTime now, const AutomationNews& news) {
  std::set<std::size_t> all;
  for (std::size_t subject = 0; subject < subjects_.size(); ++subject) all.insert(all.end(), subject);
  Scene scene{now, news};
  return evaluate(scene, std::move(all));
}

/// Subjects are numbered from above to below: who watches an asset that is asked for comes after it.
std::vector<Automation::Evaluated> Automation::evaluate(Scene& scene, std::set<std::size_t> due) {
  std::vector<Evaluated> out;
  while (!due.empty()) {
    const auto number = *due.begin();
    due.erase(due.begin());
    auto& subject = subjects_[number];
    subject.restless = false;
    auto found = answer(subject, 0, subject.asset, scene);
    auto requested = to_request(subject, found, scene);
    if (!requested.empty()) {
      scene.requested[subject.asset] = requested;
      for (const auto watcher : watchers_[subject.asset])
        if (watcher > number) due.insert(watcher);
    }
    if (subject.restless) restless_.insert(number);
    else restless_.erase(number);
    schedule(number, scene.now);
    out.push_back({subject.asset, std::move(requested), std::move(found)});
  }
  requested_ = std::move(scene.requested);
  last_ = scene.now;
  return out;
}

std::optional<WallTime> Automation::next_instant() const {
  return timers_.empty() ? std::nullopt : std::optional(timers_.begin()->first);
}

std::optional<ConditionAnswer> Automation::explain(WallTime now, AssetId asset) const {
  if (numbers_[asset] == kNoSubject) return std::nullopt;
  auto subject = subjects_[numbers_[asset]];  // what it comes to remember goes with the copy
  const AutomationNews none;
  Scene scene{now, none};
  auto found = answer(subject, 0, asset, scene);
  to_request(subject, found, scene);
  return found;
}

void Automation::schedule(std::size_t number, WallTime now) {
  auto& subject = subjects_[number];
  std::optional<WallTime> next;
  const auto consider = [&](std::optional<WallTime> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const auto& node : subject.nodes)
    if (node.cron) consider(node.cron->next(now));
  for (const auto watched : subject.watched) consider(world_.next_window(watched, now));
  if (next == subject.due) return;
  if (subject.due) timers_.erase({*subject.due, number});
  if (next) timers_.emplace(*next, number);
  subject.due = next;
}

// ---- What is asked for

/// What is made with it is made, and checked, before it.
IndexSet Automation::waits_for_checks(const Subject& subject, const Scene& scene) const {
  IndexSet out;
  for (const auto parent : world_.graph().parents(subject.asset)) {
    const auto unchecked = world_.unchecked(parent, subject.asset) - find_or_empty(scene.requested, parent);
    if (!unchecked.empty()) out = out | world_.made_from(subject.asset, parent, unchecked);
  }
  return out;
}

/// Of what its condition holds of. That it is being made, was just made or asked for, or that its checks are under way, does not make the condition's next
/// truth a new one: else what fails, or what stays true although it succeeded, would be made for ever.
IndexSet Automation::to_request(Subject& subject, ConditionAnswer& root, const Scene& scene) const {
  const auto remembered = [&](const std::pair<std::size_t, AssetId>& key) -> IndexSet {
    const auto it = subject.remembered.find(key);
    return it == subject.remembered.end() ? IndexSet() : it->second;
  };
  const auto remember = [&](const std::pair<std::size_t, AssetId>& key, const IndexSet& set) {
    if (set.empty()) subject.remembered.erase(key);
    else subject.remembered[key] = set;
  };
  const auto asset = subject.asset;
  const auto existing = world_.existing(asset, scene.now);
  const auto in_progress = world_.in_progress(asset);
  const auto news = find_or_empty(scene.news.made, asset) | find_or_empty(requested_, asset);
  auto waited = (remembered(subject.waiting_key()) & existing) - find_or_empty(scene.news.made, asset);
  if (subject.keeps_to_latest) waited = waited & world_.latest_window(asset, scene.now);
  const auto wanted = (root.holds | waited) - in_progress;
  const bool may_request = world_.may_request(asset);
  auto before = remembered(subject.asked_key()) & existing;
  if (!may_request) before = before | find_or_empty(scene.news.made, asset);  // by somebody, in a pause: what was kept until then has been seen to
  auto asked = before & (root.holds | waited | in_progress | news | world_.checks_open(asset));
  asked = asked - root.causes - find_or_empty(scene.news.code_changed, asset);
  if (!(asked & news).empty()) subject.restless = true;
  root.spent = wanted & asked;
  const auto blocked = waits_for_checks(subject, scene);
  root.unchecked = (wanted - asked) & blocked;
  remember(subject.waiting_key(), root.unchecked);
  const auto requested = may_request ? wanted - asked - blocked : IndexSet();
  remember(subject.asked_key(), asked | requested);
  return requested;
}

// ---- What they answer

ConditionAnswer Automation::answer(Subject& subject, std::size_t number, AssetId on, Scene& scene) const {
  const auto& node = subject.nodes[number];
  const auto kind = node.condition->kind;
  ConditionAnswer out{node.condition, on, {}, {}};
  const bool cause = is_cause(kind, on == subject.asset);
  const bool kept = node.keeps && (cause || kind == Kind::newly_true) && !world_.may_request(subject.asset);
  if (kind == Kind::any_deps || kind == Kind::all_deps) {
    ask_deps(subject, node, out, scene);
  } else if (node.children.empty()) {
    out.holds = own(node, on, subject.asset, scene) & world_.existing(on, scene.now);
    if (cause) out.causes = out.holds;
    if (cause && node.keeps) keep_in_pause(subject, {number, on}, out.holds, kept, scene.now);
  } else {
    out.children.reserve(node.children.size());
    for (const auto child : node.children) out.children.push_back(answer(subject, child, on, scene));
    combine(subject, number, out, kept, scene);
  }
  if (!out.holds.empty() && is_news(kind) && !kept) subject.restless = true;
  return out;
}

/// Adds to what has just come what came in a pause that lasts or has ended since the evaluation before.
void Automation::keep_in_pause(Subject& subject, const std::pair<std::size_t, AssetId>& key, IndexSet& holds, bool lasts, WallTime now) const {
  if (const auto it = subject.remembered.find(key); it != subject.remembered.end()) {
    holds = holds | (it->second & world_.existing(key.second, now));
    subject.remembered.erase(it);
  }
  if (lasts && !holds.empty()) subject.remembered[key] = holds;
}

IndexSet Automation::own(const Node& node, AssetId on, AssetId subject, Scene& scene) const {
  switch (node.condition->kind) {
    // For those below what no blocking check has let pass is not there.
    case Kind::missing: return world_.existing(on, scene.now) - (on == subject ? world_.materialized(on) : world_.materialized(on) - world_.unchecked(on, subject));
    case Kind::in_progress: return world_.in_progress(on);
    case Kind::failed: return world_.failed(on);
    case Kind::checks_passed: return world_.existing(on, scene.now) - world_.checks_failed(on) - world_.checks_open(on);
    case Kind::in_latest_time_window: return world_.latest_window(on, scene.now);
    case Kind::newly_updated: return find_or_empty(on == subject ? scene.news.made : scene.news.updated, on);
    case Kind::newly_updated_apart: {
      const auto& updated = find_or_empty(on == subject ? scene.news.made : scene.news.updated, on);
      return updated.empty() || on == subject ? updated : updated - world_.made_with(subject, on);
    }
    case Kind::newly_requested: return find_or_empty(requested_, on);
    case Kind::code_version_changed: return find_or_empty(scene.news.code_changed, on);
    case Kind::requested: return find_or_empty(scene.requested, on);
    case Kind::cron_tick_passed: {
      const auto next = node.cron && last_ ? node.cron->next(*last_) : std::nullopt;
      return next && *next <= scene.now ? world_.existing(on, scene.now) : IndexSet();
    }
    default: return {};
  }
}

void Automation::combine(Subject& subject, std::size_t number, ConditionAnswer& out, bool kept, const Scene& scene) const {
  const auto remember = [&](const IndexSet& set) {
    const std::pair key{number, out.on};
    if (set.empty()) subject.remembered.erase(key);
    else subject.remembered[key] = set;
  };
  const auto remembered = [&]() -> IndexSet {
    const auto it = subject.remembered.find({number, out.on});
    return it == subject.remembered.end() ? IndexSet() : it->second;
  };
  const auto& children = out.children;
  for (const auto& child : children) out.causes = out.causes | child.causes;
  switch (out.condition->kind) {
    case Kind::all_of:
      out.holds = children.front().holds;
      for (const auto& child : children) out.holds = out.holds & child.holds;
      break;
    case Kind::any_of:
      for (const auto& child : children) out.holds = out.holds | child.holds;
      break;
    case Kind::negation: out.holds = world_.existing(out.on, scene.now) - children.front().holds; break;
    case Kind::since:
      out.holds = ((remembered() | children[0].holds) - children[1].holds) & world_.existing(out.on, scene.now);
      remember(out.holds);
      break;
    case Kind::newly_true:
      out.holds = children.front().holds - remembered();
      remember(kept ? children.front().holds & remembered() : children.front().holds);
      break;
    default: break;
  }
}

void Automation::ask_deps(Subject& subject, const Node& node, ConditionAnswer& out, Scene& scene) const {
  const bool any = node.condition->kind == Kind::any_deps;
  const auto existing = world_.existing(out.on, scene.now);
  IndexSet touched;  // by a parent of which it holds; for all_deps, by one of which it does not
  const auto parents = world_.graph().parents(out.on);
  out.children.reserve(parents.size());
  for (const auto parent : parents) {
    if (!node.condition->text.empty() && !world_.selects(node.condition->text, parent)) continue;
    out.children.push_back(answer(subject, node.children.front(), parent, scene));
    const auto& holds = out.children.back().holds;
    touched = touched | world_.made_from(out.on, parent, any ? holds : world_.existing(parent, scene.now) - holds);
    const auto& causes = out.children.back().causes;
    if (!causes.empty()) out.causes = out.causes | world_.made_from(out.on, parent, causes);
  }
  out.holds = any ? touched & existing : existing - touched;
}

// ---- What they remember

std::string Automation::memory(AssetId asset) const {
  std::string out;
  if (numbers_[asset] == kNoSubject) return out;
  for (const auto& [key, set] : subjects_[numbers_[asset]].remembered)
    out += std::to_string(key.first) + ' ' + world_.graph().key(key.second) + ' ' + set.encode() + '\n';
  return out;
}

bool Automation::restore(AssetId asset, const std::string& memory) {
  if (numbers_[asset] == kNoSubject) return false;
  auto& subject = subjects_[numbers_[asset]];
  Remembered remembered;
  std::istringstream lines(memory);
  std::size_t node = 0;
  std::string key, ranges;
  while (lines >> node >> key >> ranges) {
    const auto on = world_.graph().find(key);
    const auto set = IndexSet::decode(ranges);
    if (node > subject.waiting_key().first || !on || !set) return false;
    remembered[{node, *on}] = *set;
  }
  if (!lines.eof()) return false;
  subject.remembered = std::move(remembered);
  return true;
}

}  // namespace assetd
