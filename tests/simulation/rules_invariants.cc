// What must hold of conditions, ticks and pauses, recomputed slowly from what is committed.

#include <algorithm>
#include <sstream>

#include "core/automation/condition.h"
#include "tests/simulation/fake_store.h"
#include "tests/simulation/lineage.h"
#include "tests/simulation/random_conditions.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

std::string in_words(const RunCreated& created) { return "run " + std::to_string(created.run.id) + " (" + created.run.trigger.kind + ")"; }

WallTime last_instant(const std::string& condition, WallTime now) {
  const auto every = std::chrono::minutes(minutes_of(condition));
  return WallTime(now.time_since_epoch() - now.time_since_epoch() % every);
}

std::size_t size_of(const Condition& condition) {
  std::size_t size = 1;
  for (const auto& child : condition.children) size += size_of(*child);
  return size;
}

/// May be: what only the automator remembers is not known here.
enum class Truth { no, may_be, yes };
Truth negated(Truth truth) { return truth == Truth::yes ? Truth::no : truth == Truth::no ? Truth::yes : Truth::may_be; }
Truth if_so(bool so) { return so ? Truth::yes : Truth::no; }

/// What a condition can have said of a piece when it was asked for.
class Judge {
 public:
  using Piece = std::pair<std::string, std::string>;
  struct Facts {
    const RunContext& context;
    const Lineage& lineage;
    std::set<Piece> with;  ///< what is asked for together
    std::function<bool(const Piece&)> known;
    std::function<bool(const Piece&)> unchecked;  ///< to what is made from it such data is not there
    std::function<bool(const Piece&)> updated;  ///< since automation looked last
    std::optional<WallTime> before;             ///< when that was
    WallTime now;
  };
  explicit Judge(Facts facts) : facts_(std::move(facts)) {}

  Truth of(const Condition& condition, const Piece& piece) const {
    using Kind = Condition::Kind;
    switch (condition.kind) {
      case Kind::missing: return external(piece) ? Truth::no : !facts_.known(piece) ? Truth::yes : facts_.unchecked(piece) ? Truth::may_be : Truth::no;
      case Kind::in_latest_time_window: return if_so(std::ranges::count(facts_.lineage.latest(id(piece)), piece) > 0);
      case Kind::newly_updated:
      case Kind::newly_updated_apart: return facts_.updated(piece) ? Truth::may_be : Truth::no;
      case Kind::requested: return if_so(facts_.with.contains(piece));
      case Kind::cron_tick_passed: return facts_.before && last_instant(condition.text, facts_.now) > *facts_.before ? Truth::may_be : Truth::no;
      case Kind::newly_true: return of(*condition.children.front(), piece) == Truth::no ? Truth::no : Truth::may_be;
      case Kind::negation: return negated(of(*condition.children.front(), piece));
      case Kind::all_of: return over_children(condition, piece, true);
      case Kind::any_of: return over_children(condition, piece, false);
      case Kind::any_deps: return over_deps(*condition.children.front(), piece, false);
      case Kind::all_deps: return over_deps(*condition.children.front(), piece, true);
      default: return Truth::may_be;
    }
  }

  /// What made it false.
  std::string why_not(const Condition& condition, const Piece& piece) const {
    if (of(condition, piece) != Truth::no) return "";
    if (condition.kind == Condition::Kind::negation) return " not " + condition.children.front()->name + " of " + piece.first + " " + piece.second + ";";
    std::string why;
    const bool of_above = condition.kind == Condition::Kind::any_deps || condition.kind == Condition::Kind::all_deps;
    for (const auto& child : condition.children) {
      if (!of_above) why += why_not(*child, piece);
      else for (const auto& above : facts_.lineage.above(id(piece), piece.second)) why += why_not(*child, above);
    }
    return why.empty() ? " " + condition.name + " of " + piece.first + " " + piece.second + ";" : why;
  }

 private:
  AssetId id(const Piece& piece) const { return facts_.context.graph->find(piece.first).value(); }
  bool external(const Piece& piece) const { return facts_.context.definitions->assets[id(piece)].external; }

  static Truth both(bool all, Truth a, Truth b) { return all ? std::min(a, b) : std::max(a, b); }
  Truth over_children(const Condition& condition, const Piece& piece, bool all) const {
    auto truth = all ? Truth::yes : Truth::no;
    for (const auto& child : condition.children) truth = both(all, truth, of(*child, piece));
    return truth;
  }
  Truth over_deps(const Condition& child, const Piece& piece, bool all) const {
    auto truth = all ? Truth::yes : Truth::no;
    for (const auto& above : facts_.lineage.above(id(piece), piece.second)) truth = both(all, truth, of(child, above));
    return truth;
  }

  Facts facts_;
};

}  // namespace

void FakeStore::take_automation(const Batch& batch) {
  const auto& news = batch.automation;
  for (const auto& record : news.records) automation_.records[record.asset] = record;
  for (const auto& asset : news.resumed) automation_.pauses.erase(asset);
  for (const auto& pause : news.paused) automation_.pauses[pause.asset] = pause;
  if (!news.evaluated_at) return;
  automation_.evaluated_at = news.evaluated_at;
  looked_ = commits_;
  if (!defined_at_) defined_at_ = news.evaluated_at;
}

/// Its checks have ended or are waived: what was made before counts from now on.
void FakeStore::note_passed(const std::string& key, const AssetState& before, const AssetState& after) {
  if (!definitions().graph->find(key)) return;
  const auto* partitions = after.partitions ? divided(key, after.partitions->spec) : nullptr;
  (before.debts.uncounted - after.debts.uncounted).each([&](PartitionIndex index) { note_passed({key, partitions ? partitions->key(index) : ""}); });
}

/// The same over another division: what finds its place by its key still waits, or counts from now on. What is not divided any more, and of which no partition was
/// known, was made as a whole.
void FakeStore::note_passed_anew(const std::string& key, const AssetState& before, const AssetState& after) {
  if (!before.partitions && !after.partitions) {
    const auto id = definitions().graph->find(key);
    const bool is_whole = id && !definitions().definitions->assets[*id].partitions;
    if (is_whole && !before.debts.uncounted.empty() && after.debts.uncounted.empty()) note_passed({key, ""});
  }
  if (!before.partitions || !after.partitions) return;
  const auto was = Partitions::make(before.partitions->spec, keys_);
  const auto* is = divided(key, after.partitions->spec);
  if (was && is)
    before.debts.uncounted.each([&](PartitionIndex index) {
      const auto place = is->index(was->key(index));
      if (place && !after.debts.uncounted.contains(*place)) note_passed({key, is->key(*place)});
    });
}

void FakeStore::note_passed(const Piece& piece) {
  auto& life = lives_[piece];
  life.passed = commits_;
  life.passed_at = looking_at_;
}

/// No run made it: of one that is divided, and no partition named, all that there are were.
void FakeStore::note_told(const Materialization& made) {
  const auto id = definitions().graph->find(made.key);
  if (!id) return;
  std::vector<Piece> told{{made.key, made.partition}};
  const auto* divided = table(definitions()).of(*id);
  if (divided && made.partition.empty()) {
    told.clear();
    divided->existing(made.at).each([&](PartitionIndex index) { told.emplace_back(made.key, divided->key(index)); });
  }
  for (const auto& piece : told) {
    auto& life = lives_[piece];
    life.made = commits_;
    life.made_by = 0;
    life.made_at = looking_at_;
    life.made_when = made.at;
  }
}

// ---- Conditions

/// A condition of a cron expression: an instant lies between two times that it asks for the same, and since the last one all above was made, or is asked for with it.
void FakeStore::check_ticked(const Piece& piece, const std::string& condition, const std::vector<Piece>& above, const std::set<Piece>& with, WallTime evaluated) const {
  const auto own = life(piece);
  const auto instant = last_instant(condition, evaluated);
  const auto named = "automation asks for " + piece.first + " " + piece.second + " (" + condition + ")";
  if (own.asked > defined_ && own.asked >= added(piece) && own.asked_at && *own.asked_at >= instant) broken(Invariant::automated, named + " once more, and no instant has come since");
  for (const auto& other : above)
    if (!with.contains(other) && life(other).updated() > defined_ && life(other).updated_at() && *life(other).updated_at() < instant) broken(Invariant::automated, named + ", and " + other.first + " " + other.second + " was not updated since the instant");
}

std::optional<WallTime> FakeStore::window_end(const Piece& piece) const {
  const auto& context = versions_.rbegin()->second;
  const auto id = context.graph->find(piece.first);
  const auto* divided = id ? table(context).of(*id) : nullptr;
  const auto index = divided ? divided->index(piece.second) : std::nullopt;
  const auto window = index ? divided->window(*index) : std::nullopt;
  return window ? std::optional(window->end) : std::nullopt;
}

void FakeStore::check_tick_followed(const Piece& piece, const std::string& condition, WallTime now) const {
  const auto instant = last_instant(condition, std::max(now, automation_.evaluated_at.value_or(now)));
  const auto own = life(piece);
  const auto came_after = [&](std::optional<WallTime> at) { return at && *at >= instant; };
  // It became the latest window after the instant: at the next one it is looked at, if it still is the latest then.
  if (const auto ended = window_end(piece); ended && *ended > instant) return;
  if (!defined_at_ || instant <= *defined_at_ || came_after(own.asked_at) || (own.made > 0 && (!own.made_at || came_after(own.made_at))) || added(piece) > defined_) return;
  broken(Invariant::automated, piece.first + " " + piece.second + " (" + condition + ") was not asked for since its last instant");
}

/// Its condition held before, and a blocking check above it, or a pause, did not let it be asked for: that is remembered behind the nodes of the condition.
bool FakeStore::has_waited(const Piece& piece, const Condition& condition) const {
  const auto record = automation_.records.find(piece.first);
  if (record == automation_.records.end()) return false;
  const auto id = definitions().graph->find(piece.first);
  const auto* divided = id ? table(definitions()).of(*id) : nullptr;
  const auto index = divided ? divided->index(piece.second) : std::optional<PartitionIndex>(0);
  std::istringstream memory(record->second.memory);
  std::size_t node = 0;
  for (std::string asset, set; memory >> node >> asset && std::getline(memory >> std::ws, set);)
    if (node == size_of(condition) + 1 && index && IndexSet::decode(set).value_or(IndexSet()).contains(*index)) return true;
  return false;
}

/// What a random tree says must hold besides can have held.
void FakeStore::check_filter(const Batch& batch, const RunCreated& created) const {
  if (created.run.trigger.kind != "automation") return;
  const auto& context = versions_.at(created.run.definitions_version);
  const auto now = batch.automation.evaluated_at.value_or(created.run.created_at);
  const Lineage lineage(context, table(context), now);
  const auto made = pieces(context, *created.plan);
  for (const auto& piece : made) {
    const auto& condition = context.definitions->assets[context.graph->find(piece.first).value()].automation;
    const auto parsed = parse_condition(condition);
    const Judge judge({context, lineage, {made.begin(), made.end()}, [this](const Piece& each) { return is_known(each); }, [this](const Piece& each) { return is_unchecked(each); },
                       [this](const Piece& each) { return life(each).updated() > looked_; }, automation_.evaluated_at, now});
    if (!parsed || has_waited(piece, **parsed) || judge.of(**parsed, piece) != Truth::no) continue;
    broken(Invariant::automated, in_words(created) + " makes " + piece.first + " " + piece.second + ", of which its condition cannot hold: " + condition + ":" + judge.why_not(**parsed, piece));
  }
}

// ---- Pauses

void FakeStore::check_paused(const Batch& batch, const RunCreated& created) const {
  const auto& kind = created.run.trigger.kind;
  if (kind != "automation" && kind != "schedule") return;
  auto pauses = automation_.pauses;
  for (const auto& asset : batch.automation.resumed) pauses.erase(asset);
  for (const auto& pause : batch.automation.paused) pauses[pause.asset] = pause;
  if (pauses.contains("")) broken(Invariant::paused, in_words(created) + " begins while all is paused");
  const auto& context = versions_.at(created.run.definitions_version);
  for (StepIndex step = 0; step < created.plan->size(); ++step) {
    const auto& key = context.definitions->assets[created.plan->asset(step)].key;
    const auto mute = pauses.find(key);
    if (mute != pauses.end() && (!mute->second.until || *mute->second.until > created.run.created_at)) broken(Invariant::paused, in_words(created) + " makes " + key + ", which is muted");
  }
}

// ---- Ticks

void FakeStore::check_window_of_tick(const RunCreated& created) const {
  const auto& trigger = created.run.trigger;
  if (trigger.kind != "schedule" || !trigger.instant) return;
  const auto& context = versions_.at(created.run.definitions_version);
  for (StepIndex step = 0; step < created.plan->size(); ++step) {
    const auto* divided = table(context).of(created.plan->asset(step));
    const auto index = divided ? divided->index(created.plan->partition(step)) : std::nullopt;
    const auto window = index ? divided->window(*index) : std::nullopt;
    if (!window) continue;
    const auto& spec = std::get<TimeWindowsSpec>(context.definitions->assets[created.plan->asset(step)].partitions->dimensions.front().of);
    const bool newer = spec.end.empty() && window->end + (window->end - window->begin) <= *trigger.instant;
    if (window->end > *trigger.instant || newer) broken(Invariant::ticks, in_words(created) + " makes " + created.plan->partition(step) + ", which is not the last window before its instant");
  }
}

void FakeStore::check_tick(const TickRecord& tick) const {
  if (tick.at < tick.instant) broken(Invariant::ticks, "a tick of " + tick.schedule + " comes before its instant");
  const auto& schedules = definitions().definitions->schedules;
  const auto spec = std::ranges::find(schedules, tick.schedule, &ScheduleSpec::name);
  // One that waited for its moment when the definitions changed is not late.
  if (!tick.run || spec == schedules.end() || spec->misfire != Misfire::skip || tick.instant <= defined_wall_) return;
  if (tick.at > tick.instant + spec->jitter + std::chrono::minutes(1)) broken(Invariant::ticks, "a tick of " + tick.schedule + " comes " + std::to_string((tick.at - tick.instant).count()) + " ms after its instant");
}

}  // namespace assetd::simulation
