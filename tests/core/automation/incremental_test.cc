// The incremental evaluation gives what a naive one gives that computes every condition of every asset anew at every step, through random histories.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/core/automation/played_world.h"

namespace assetd::testing {
namespace {

using Kind = Condition::Kind;
using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

std::string random_condition(Random& random, int depth) {
  static const std::vector<std::string> kLeaves = {"missing", "in_progress", "failed", "newly_updated", "newly_requested", "code_version_changed", "checks_passed",
                                                   "in_latest_time_window", "any_deps_updated", "any_deps_missing", "any_deps_in_progress", "eager", "on_missing",
                                                   "cron_tick_passed('*/15 * * * *')", "on_cron('*/20 * * * *')", "any_deps_updated('a0')"};
  if (depth == 0) return kLeaves[below(random, kLeaves.size())];
  const auto child = [&] { return random_condition(random, depth - 1); };
  switch (below(random, 8)) {
    case 0: return "(" + child() + " and " + child() + ")";
    case 1: return "(" + child() + " or " + child() + ")";
    case 2: return "not (" + child() + ")";
    case 3: return "since(" + child() + ", " + child() + ")";
    case 4: return "newly_true(" + child() + ")";
    case 5: return "any_deps(" + child() + ")";
    case 6: return "all_deps(" + child() + ")";
    default: return child();
  }
}

/// By the definitions of the language alone: what a condition held of is computed from what it held of at the step before, for everything, always.
class Naive {
 public:
  explicit Naive(const PlayedWorld& world) : world_(world) {}

  std::map<AssetId, IndexSet> evaluate(WallTime now, const AutomationNews& news) {
    now_ = now;
    news_ = &news;
    asked_.clear();
    for (const auto asset : world_.graph().topological()) {
      const auto condition = world_.condition(asset);
      if (!condition) continue;
      const auto requested = to_ask_for(asset, holds(asset, {}, *condition, asset), *condition);
      if (!requested.empty()) asked_[asset] = requested;
    }
    before_ = std::move(held_);
    held_.clear();
    found_.clear();
    asked_before_ = asked_;
    last_ = now;
    return asked_;
  }

 private:
  /// Partition by partition: once for the same causes, and not from what a blocking check has not let pass, nor in a pause.
  IndexSet to_ask_for(AssetId asset, const IndexSet& holds, const Condition& condition) {
    IndexSet asked, spent, waiting;
    const auto of = [](const std::map<AssetId, IndexSet>& sets, AssetId id) { return sets.contains(id) ? sets.at(id) : IndexSet(); };
    world_.existing(asset, now_).each([&](PartitionIndex partition) {
      const auto is_in = [&](const IndexSet& set) { return set.contains(partition); };
      const bool made = is_in(of(news_->made, asset)), runs = is_in(world_.in_progress(asset));
      const bool may_wait = !is_of_latest(condition) || is_in(world_.latest_window(asset, now_));
      const bool waited = is_in(of(waiting_, asset)) && !made && may_wait;
      const bool wanted = is_in(holds) || waited;
      const bool excused = runs || made || is_in(of(asked_before_, asset)) || is_in(world_.checks_open(asset));
      const bool again = is_in(causes(condition, asset, asset)) || is_in(of(news_->code_changed, asset));
      const bool was_asked = is_in(of(spent_, asset)) && (wanted || excused) && !again;
      const bool blocked = is_blocked(asset, partition);
      const bool paused = world_.held.contains(asset);
      if (was_asked) spent.insert(partition);
      if (waited && runs) waiting.insert(partition);
      if (!wanted || runs || was_asked) return;
      if (blocked || (paused && (waited || has_just_come({asset, {}, asset}, condition, partition)))) waiting.insert(partition);
      if (blocked || paused) return;
      asked.insert(partition);
      spent.insert(partition);
    });
    spent_[asset] = spent;
    waiting_[asset] = waiting;
    return asked;
  }

  static bool is_of_latest(const Condition& condition) {
    const auto of_child = [](const auto& child) { return is_of_latest(*child); };
    if (condition.kind == Kind::all_of) return std::ranges::any_of(condition.children, of_child);
    if (condition.kind == Kind::any_of) return std::ranges::all_of(condition.children, of_child);
    return condition.kind == Kind::in_latest_time_window;
  }

  bool is_blocked(AssetId asset, PartitionIndex partition) const {
    for (const auto parent : world_.graph().parents(asset)) {
      auto unchecked = world_.unchecked(parent, asset);
      if (asked_.contains(parent)) unchecked = unchecked - asked_.at(parent);
      if (world_.made_from(asset, parent, unchecked).contains(partition)) return true;
    }
    return false;
  }

  /// Of what has just happened in what it names.
  IndexSet causes(const Condition& condition, AssetId on, AssetId subject) const {
    IndexSet out;
    if (condition.kind == Kind::any_deps || condition.kind == Kind::all_deps) {
      for (const auto parent : world_.graph().parents(on))
        if (condition.text.empty() || world_.selects(condition.text, parent)) out = out | world_.made_from(on, parent, causes(*condition.children[0], parent, subject));
      return out;
    }
    for (const auto& child : condition.children) out = out | causes(*child, on, subject);
    const auto kind = condition.kind;
    const bool news_of_above = on != subject && (kind == Kind::newly_updated || kind == Kind::newly_updated_apart || kind == Kind::newly_requested || kind == Kind::requested);
    if (news_of_above || kind == Kind::code_version_changed || kind == Kind::cron_tick_passed) out = out | (leaf(condition, on, world_.existing(on, now_), subject) & world_.existing(on, now_));
    return out;
  }

  /// A place in the tree of one asset, asked of an asset.
  struct Place {
    AssetId subject;
    std::vector<std::size_t> path;
    AssetId on;
    auto operator<=>(const Place&) const = default;
  };

  static bool is_moment(Kind kind) { return kind == Kind::newly_updated || kind == Kind::newly_updated_apart || kind == Kind::code_version_changed || kind == Kind::cron_tick_passed; }

  static Place below(const Place& place, std::size_t i, AssetId on) {
    auto path = place.path;
    path.push_back(i);
    return {place.subject, std::move(path), on};
  }

  /// Asks each partition above that this one is made from, where the condition is about those.
  template <typename Ask>
  void each_above(const Place& place, const Condition& condition, PartitionIndex partition, Ask ask) const {
    for (const auto parent : world_.graph().parents(place.on)) {
      if (!condition.text.empty() && !world_.selects(condition.text, parent)) continue;
      world_.existing(parent, now_).each([&](PartitionIndex above) {
        if (world_.made_from(place.on, parent, IndexSet::range(above, above + 1)).contains(partition)) ask(below(place, 0, parent), above);
      });
    }
  }

  /// Is it true still when nothing comes?
  bool lasts(const Place& place, const Condition& condition, PartitionIndex partition) const {
    const auto child = [&](std::size_t i) { return lasts(below(place, i, place.on), *condition.children[i], partition); };
    const bool is = found_.at(place).contains(partition);
    bool one = false, every = true;
    for (std::size_t i = 0; i < condition.children.size() && (condition.kind == Kind::all_of || condition.kind == Kind::any_of); ++i) one = child(i) || one, every = child(i) && every;
    if (condition.kind == Kind::any_deps || condition.kind == Kind::all_deps)
      each_above(place, condition, partition, [&](const Place& at, PartitionIndex above) {
        const bool so = lasts(at, *condition.children[0], above);
        one = one || so, every = every && so;
      });
    switch (condition.kind) {
      case Kind::all_of:
      case Kind::all_deps: return every;
      case Kind::any_of:
      case Kind::any_deps: return one;
      case Kind::negation: return !child(0);
      case Kind::since: return (is || child(0)) && !child(1);
      case Kind::newly_true: return child(0) && !found_.at(below(place, 0, place.on)).contains(partition);
      default: return is && !is_moment(condition.kind);
    }
  }

  /// Is it true because of something that has just come?
  bool has_just_come(const Place& place, const Condition& condition, PartitionIndex partition) const {
    if (!found_.at(place).contains(partition)) return false;
    if (condition.kind == Kind::negation) return lasts(below(place, 0, place.on), *condition.children[0], partition);
    if (condition.kind == Kind::since) return !lasts(place, condition, partition);
    if (condition.kind == Kind::newly_true || is_moment(condition.kind)) return true;
    bool one = false;
    if (condition.kind == Kind::any_deps || condition.kind == Kind::all_deps) {
      each_above(place, condition, partition, [&](const Place& at, PartitionIndex above) { one = one || has_just_come(at, *condition.children[0], above); });
      return one;
    }
    for (std::size_t i = 0; i < condition.children.size(); ++i) one = one || has_just_come(below(place, i, place.on), *condition.children[i], partition);
    return one;
  }

  IndexSet holds(AssetId subject, std::vector<std::size_t> path, const Condition& condition, AssetId on) {
    const auto child = [&](std::size_t i, AssetId of) {
      auto below = path;
      below.push_back(i);
      return holds(subject, below, *condition.children[i], of);
    };
    const auto all = world_.existing(on, now_);
    const Place place{subject, path, on};
    const auto before = before_.contains(place) ? before_.at(place) : IndexSet();
    IndexSet found;
    auto kept = std::optional<IndexSet>();
    switch (condition.kind) {
      case Kind::all_of:
        found = all;
        for (std::size_t i = 0; i < condition.children.size(); ++i) found = found & child(i, on);
        break;
      case Kind::any_of:
        for (std::size_t i = 0; i < condition.children.size(); ++i) found = found | child(i, on);
        break;
      case Kind::negation: found = all - child(0, on); break;
      case Kind::since: {
        const auto trigger = child(0, on), reset = child(1, on);
        found = (before | trigger) - reset;
        break;
      }
      case Kind::newly_true: kept = child(0, on), found = *kept - before; break;
      case Kind::any_deps:
      case Kind::all_deps: found = deps(condition, on, all, child); break;
      default: found = leaf(condition, on, all, subject);
    }
    found = found & all;
    found_[place] = found;
    held_[place] = kept.value_or(found);
    return found;
  }

  template <typename Child>
  IndexSet deps(const Condition& condition, AssetId on, const IndexSet& all, const Child& child) {
    const bool any = condition.kind == Kind::any_deps;
    IndexSet out = any ? IndexSet() : all;
    for (const auto parent : world_.graph().parents(on)) {
      if (!condition.text.empty() && !world_.selects(condition.text, parent)) continue;
      const auto good = child(0, parent);
      // Partition by partition: is one that it is made from among them?
      all.each([&](PartitionIndex partition) {
        bool one = false, every = true;
        world_.existing(parent, now_).each([&](PartitionIndex above) {
          if (!world_.made_from(on, parent, IndexSet::range(above, above + 1)).contains(partition)) return;
          one = one || good.contains(above);
          every = every && good.contains(above);
        });
        if (any && one) out.insert(partition);
        if (!any && !every) out.erase(partition);
      });
    }
    return out;
  }

  IndexSet leaf(const Condition& condition, AssetId on, const IndexSet& all, AssetId subject) const {
    const auto of = [&](const std::map<AssetId, IndexSet>& sets) { return sets.contains(on) ? sets.at(on) : IndexSet(); };
    switch (condition.kind) {
      case Kind::missing: return on == subject ? all - world_.materialized(on) : (all - world_.materialized(on)) | (all & world_.unchecked(on, subject));
      case Kind::in_progress: return world_.in_progress(on);
      case Kind::failed: return world_.failed(on);
      case Kind::checks_passed: return all - (world_.checks_failed(on) | world_.checks_open(on));
      case Kind::in_latest_time_window: return world_.latest_window(on, now_);
      case Kind::newly_updated:
      case Kind::newly_updated_apart: return of(on == subject ? news_->made : news_->updated);  // nothing is made with another here
      case Kind::newly_requested: return of(asked_before_);
      case Kind::code_version_changed: return of(news_->code_changed);
      case Kind::requested: return of(asked_);
      case Kind::cron_tick_passed: {
        const auto cron = CronSchedule::parse(condition.text, condition.zone).value();
        return last_ && cron.previous(now_) > *last_ ? all : IndexSet();
      }
      default: return {};
    }
  }

  const PlayedWorld& world_;
  WallTime now_{};
  const AutomationNews* news_ = nullptr;
  std::map<Place, IndexSet> held_, before_, found_;
  std::map<AssetId, IndexSet> asked_, asked_before_, spent_, waiting_;
  std::optional<WallTime> last_;
};

struct History {
  explicit History(std::uint64_t seed) : random(seed), world(make()) {}

  PlayedWorld make() {
    const auto size = 1 + below(random, 5);
    std::vector<Row> rows;
    std::map<std::string, PlayedAsset> assets;
    for (std::size_t i = 0; i < size; ++i) {
      Row row{"a" + std::to_string(i), {}};
      for (std::size_t parent = 0; parent < i; ++parent)
        if (below(random, 2) == 0) row.second.push_back("a" + std::to_string(parent));
      const auto has_condition = below(random, 4) != 0;
      assets[row.first] = {has_condition ? random_condition(random, static_cast<int>(below(random, 3))) : "", static_cast<PartitionIndex>(below(random, 2) * (1 + below(random, 6)))};
      described += row.first + ": " + assets[row.first].condition + "\n";
      rows.push_back(std::move(row));
    }
    return {rows, assets};
  }

  IndexSet some(AssetId asset) {
    IndexSet out;
    world.existing(asset, now).each([&](PartitionIndex partition) {
      if (below(random, 2) == 0) out.insert(partition);
    });
    return out;
  }

  AutomationNews happen() {
    AutomationNews news;
    now += Millis(static_cast<std::int64_t>(below(random, 3) * below(random, 13)) * 60'000);
    auto& state = world.state();
    for (std::size_t events = below(random, 3); events > 0; --events) {
      const auto asset = static_cast<AssetId>(below(random, world.graph().size()));
      const auto set = some(asset);
      news.touched.insert(asset);
      switch (below(random, 10)) {
        case 8:
          if (world.held.erase(asset) == 0) world.held.insert(asset);
          break;
        case 0: state.materialized[asset] = state.materialized[asset] | set, news.made[asset] = news.updated[asset] = set; break;
        case 5: state.materialized[asset] = state.materialized[asset] | set, news.made[asset] = set, state.unchecked[asset] = state.checks_open[asset] = set; break;
        case 6: state.checks_open[asset] = set; break;
        case 7: news.updated[asset] = state.unchecked[asset], state.unchecked[asset] = {}; break;
        case 1: state.materialized[asset] = state.materialized[asset] - set; break;
        case 2: state.in_progress[asset] = set; break;
        case 3: state.failed[asset] = set; break;
        case 4: state.checks_failed[asset] = set; break;
        default: news.code_changed[asset] = set;
      }
    }
    return news;
  }

  Random random;
  std::string described;
  WallTime now{Millis(0)};
  PlayedWorld world;
};

/// ASSETD_HISTORIES: how many; CI plays 10,000 in a test of their own.
std::uint64_t histories() {
  const char* wanted = std::getenv("ASSETD_HISTORIES");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 50;
}

TEST(IncrementalAutomation, GivesWhatANaiveEvaluationOfEverythingGives) {
  std::size_t requests = 0, spared = 0;
  for (std::uint64_t seed = 1; seed <= histories(); ++seed) {
    History history(seed);
    Automation automation(history.world);
    Naive naive(history.world);
    for (int step = 0; step < 25; ++step) {
      const auto news = history.happen();
      const auto expected = naive.evaluate(history.now, news);
      std::map<AssetId, IndexSet> found;
      const auto evaluated = automation.evaluate(history.now, news);
      for (const auto& each : evaluated)
        if (!each.requested.empty()) found[each.asset] = each.requested;
      ASSERT_EQ(found, expected) << "seed " << seed << ", step " << step << "\n" << history.described;
      requests += found.size();
      spared += evaluated.empty();
    }
  }
  EXPECT_GT(requests, histories());
  EXPECT_GT(spared, histories()) << "nothing was incremental";
}

}  // namespace
}  // namespace assetd::testing
