#include "core/automation/automation.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <unordered_map>

namespace assetd {
namespace {

using Kind = Condition::Kind;

/// Does what it says hold for one evaluation only?
bool is_news(Kind kind) {
  return kind == Kind::newly_updated || kind == Kind::newly_updated_apart || kind == Kind::newly_requested || kind == Kind::code_version_changed || kind == Kind::cron_tick_passed ||
         kind == Kind::requested || kind == Kind::newly_true;
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

/// Of what a condition of others that remembers nothing is true, if its children are of what `holds_of` says.
template <class HoldsOf>
IndexSet joined(const ConditionAnswer& answer, const AutomationWorld& world, WallTime now, HoldsOf holds_of) {
  const auto kind = answer.condition->kind;
  const auto& children = answer.children;
  IndexSet out;
  switch (kind) {
    case Kind::all_of:
      out = holds_of(children.front());
      for (std::size_t i = 1; i < children.size(); ++i) out = out & holds_of(children[i]);
      return out;
    case Kind::any_of:
      for (const auto& child : children) out = out | holds_of(child);
      return out;
    case Kind::negation: return world.existing(answer.on, now) - holds_of(children.front());
    default: break;
  }
  const bool any = kind == Kind::any_deps;
  for (const auto& child : children) {  // by one above of which it is true; for all_deps, by one of which it is not
    const auto holds = holds_of(child);
    out = out | world.made_from(answer.on, child.on, any ? holds : world.existing(child.on, now) - holds);
  }
  const auto existing = world.existing(answer.on, now);
  return any ? out & existing : existing - out;
}

/// Of what it is still true at the next look, if nothing comes until then.
IndexSet lasting(const ConditionAnswer& answer, const AutomationWorld& world, WallTime now) {
  const auto of = [&](const ConditionAnswer& child) { return lasting(child, world, now); };
  switch (answer.condition->kind) {
    case Kind::newly_updated:
    case Kind::newly_updated_apart:
    case Kind::code_version_changed:
    case Kind::cron_tick_passed: return {};
    case Kind::since: return (answer.holds | of(answer.children[0])) - of(answer.children[1]);
    case Kind::newly_true: return of(answer.children.front()) - answer.children.front().holds;
    default: return answer.children.empty() ? answer.holds : joined(answer, world, now, of);
  }
}

/// Of what it is true because of what has just happened, and perhaps not any more at the next look. What is only about to be made says so again by being made,
/// and `since` remembers by itself.
IndexSet momentary(const ConditionAnswer& answer, const AutomationWorld& world, WallTime now) {
  IndexSet out;
  switch (answer.condition->kind) {
    case Kind::newly_updated:
    case Kind::newly_updated_apart:
    case Kind::code_version_changed:
    case Kind::cron_tick_passed:
    case Kind::newly_true: return answer.holds;
    case Kind::since: return answer.holds - lasting(answer, world, now);
    case Kind::negation: return answer.holds & lasting(answer.children.front(), world, now);
    case Kind::any_deps:
    case Kind::all_deps:
      for (const auto& child : answer.children) out = out | world.made_from(answer.on, child.on, momentary(child, world, now));
      return out & answer.holds;
    default:
      for (const auto& child : answer.children) out = out | momentary(child, world, now);
      return out & answer.holds;
  }
}

/// Is it true of nothing but the newest window?
bool is_of_latest(const Condition& condition) {
  const auto of_child = [](const ConditionPtr& child) { return is_of_latest(*child); };
  if (condition.kind == Kind::all_of) return std::ranges::any_of(condition.children, of_child);
  if (condition.kind == Kind::any_of) return std::ranges::all_of(condition.children, of_child);
  return condition.kind == Kind::in_latest_time_window;
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
  std::unordered_map<const Condition*, std::shared_ptr<const Program>> programs;
  for (const auto asset : graph.topological()) {
    const auto condition = world.condition(asset);
    if (!condition) continue;
    auto& known = programs[condition.get()];
    if (!known) {
      Program program{condition, {}, is_of_latest(*condition)};
      add_node(program, *condition);
      known = std::make_shared<const Program>(std::move(program));
    }
    Subject subject{.asset = asset, .program = known};
    subject.watched = within_reach(graph, asset, std::max<std::size_t>(1, depth_of(*condition)));  // checks of what is above it, in any case
    for (const auto watched : subject.watched) watchers_[watched].push_back(subjects_.size());
    numbers_[asset] = subjects_.size();
    subjects_.push_back(std::move(subject));
  }
}

std::size_t Automation::add_node(Program& program, const Condition& condition) {
  const auto index = program.nodes.size();
  program.nodes.push_back({&condition, {}, {}});
  if (condition.kind == Kind::cron_tick_passed)
    if (auto cron = CronSchedule::parse(condition.text, condition.zone)) program.nodes[index].cron = *std::move(cron);
  for (const auto& child : condition.children) {
    const auto added = add_node(program, *child);
    program.nodes[index].children.push_back(added);
  }
  return index;
}

// ---- Which are looked at

std::vector<Automation::Evaluated> Automation::evaluate(WallTime now, const AutomationNews& news) {
  std::vector<Evaluated> all;
  evaluate(now, news, [&](const Evaluated& each) { all.push_back(each); });
  return all;
}

void Automation::evaluate(WallTime now, const AutomationNews& news, const Take& take) {
  if (!last_) return evaluate_all(now, news, take);
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
  evaluate(scene, std::move(due), take);
}

void Automation::evaluate_all(WallTime now, const AutomationNews& news, const Take& take) {
  std::set<std::size_t> all;
  for (std::size_t subject = 0; subject < subjects_.size(); ++subject) all.insert(all.end(), subject);
  Scene scene{now, news};
  evaluate(scene, std::move(all), take);
}

/// Subjects are numbered from above to below: who watches an asset that is asked for comes after it.
void Automation::evaluate(Scene& scene, std::set<std::size_t> due, const Take& take) {
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
    take({subject.asset, std::move(requested), std::move(found)});
  }
  requested_ = std::move(scene.requested);
  last_ = scene.now;
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
  for (const auto& node : subject.program->nodes)
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
  if (subject.program->of_latest) waited = waited & world_.latest_window(asset, scene.now);
  const auto wanted = (root.holds | waited) - in_progress;
  const bool may_request = world_.may_request(asset);
  const auto before = remembered(subject.asked_key()) & existing;
  auto asked = before & (root.holds | waited | in_progress | news | world_.checks_open(asset));
  asked = asked - root.causes - find_or_empty(scene.news.code_changed, asset);
  if (!(asked & news).empty()) subject.restless = true;
  root.spent = wanted & asked;
  const auto blocked = waits_for_checks(subject, scene);
  root.unchecked = (wanted - asked) & blocked;
  root.kept = waited & in_progress;  // whether that makes it is not known yet
  // What is true at one moment only is not lost to a pause, as it stands at that moment.
  if (!may_request) root.kept = root.kept | ((wanted - asked) & (waited | momentary(root, world_, scene.now)));
  remember(subject.waiting_key(), root.unchecked | root.kept);
  const auto requested = may_request ? wanted - asked - blocked : IndexSet();
  root.late = (requested & waited) - root.holds;
  remember(subject.asked_key(), asked | requested);
  return requested;
}

// ---- What they answer

ConditionAnswer Automation::answer(Subject& subject, std::size_t number, AssetId on, Scene& scene) const {
  const auto& node = subject.program->nodes[number];
  const auto kind = node.condition->kind;
  ConditionAnswer out{node.condition, on, {}, {}};
  if (kind == Kind::any_deps || kind == Kind::all_deps) {
    ask_deps(subject, node, out, scene);
  } else if (node.children.empty()) {
    out.holds = own(node, on, subject.asset, scene) & world_.existing(on, scene.now);
    if (is_cause(kind, on == subject.asset)) out.causes = out.holds;
  } else {
    out.children.reserve(node.children.size());
    for (const auto child : node.children) out.children.push_back(answer(subject, child, on, scene));
    combine(subject, number, out, scene);
  }
  if (!out.holds.empty() && is_news(kind)) subject.restless = true;
  return out;
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

void Automation::combine(Subject& subject, std::size_t number, ConditionAnswer& out, const Scene& scene) const {
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
    case Kind::since:
      out.holds = ((remembered() | children[0].holds) - children[1].holds) & world_.existing(out.on, scene.now);
      remember(out.holds);
      break;
    case Kind::newly_true:
      out.holds = children.front().holds - remembered();
      remember(children.front().holds);
      break;
    default: out.holds = joined(out, world_, scene.now, [](const ConditionAnswer& child) -> const IndexSet& { return child.holds; });
  }
}

void Automation::ask_deps(Subject& subject, const Node& node, ConditionAnswer& out, Scene& scene) const {
  const auto parents = world_.graph().parents(out.on);
  out.children.reserve(parents.size());
  for (const auto parent : parents) {
    if (!node.condition->text.empty() && !world_.selects(node.condition->text, parent)) continue;
    out.children.push_back(answer(subject, node.children.front(), parent, scene));
    const auto& causes = out.children.back().causes;
    if (!causes.empty()) out.causes = out.causes | world_.made_from(out.on, parent, causes);
  }
  out.holds = joined(out, world_, scene.now, [](const ConditionAnswer& child) -> const IndexSet& { return child.holds; });
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
