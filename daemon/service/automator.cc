#include "daemon/service/automator.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "core/automation/answer_json.h"
#include "core/automation/outlook.h"
#include "core/definition/partitions_json.h"
#include "core/graph/selection.h"
#include "core/version/provenance.h"

namespace assetd {
namespace {

const IndexSet kItself = IndexSet::range(0, 1);  // of an asset without partitions

/// What was remembered of assets by their former names (Automation::memory: a line each, "NODE KEY RANGES").
std::string with_present_names(const std::string& memory, const std::map<std::string, std::string>& present) {
  std::istringstream lines(memory);
  std::string out, node, key, ranges;
  while (lines >> node >> key >> ranges) {
    const auto renamed = present.find(key);
    out += node + ' ' + (renamed == present.end() ? key : renamed->second) + ' ' + ranges + '\n';
  }
  return out;
}

std::string ended_in_words(StepStatus status) {
  switch (status) {
    case StepStatus::succeeded: return "succeeded";
    case StepStatus::failed: return "failed";
    case StepStatus::skipped: return "was skipped";
    default: return "was canceled";
  }
}

constexpr std::size_t kMutesNamed = 3;

std::string muted_text(const AutomationPause& mute) {
  return mute.asset + " is muted by " + mute.by + (mute.until ? " until " + format_time(*mute.until) : "") + ": " + mute.reason;
}

}  // namespace

void Automator::restore(std::vector<AutomationRecord> records, std::vector<AutomationPause> pauses, std::optional<WallTime> evaluated_at) {
  records_.clear();
  pauses_.clear();
  for (auto& record : records) records_[record.asset] = std::move(record);
  for (auto& pause : pauses) pauses_[pause.asset] = std::move(pause);
  evaluated_at_ = evaluated_at;
  project_.reset();
  automation_.reset();
  news_ = {};
  updated_by_.clear();
  pending_ = {};
  pending_evaluations_.clear();
  pending_records_.clear();
}

AutomatorMemory Automator::memory() const {
  AutomatorMemory memory{{}, {}, evaluated_at_};
  for (const auto& [asset, record] : records_) memory.records.push_back(record);
  for (const auto& [asset, pause] : pauses_) memory.pauses.push_back(pause);
  return memory;
}

void Automator::use(std::shared_ptr<const PartitionsInForce> partitions, const Engine& engine) {
  partitions_ = std::move(partitions);
  const auto before = std::exchange(project_, partitions_->project);
  automation_.reset();
  selected_.clear();
  updated_by_.clear();
  news_ = {};  // numbers are of the version before; all are looked at anyway, and what was made last is in what they remember
  conditions_.clear();
  record_conditions_.clear();
  std::unordered_map<std::string_view, ConditionPtr> parsed;  // thousands of assets have the same
  for (const auto& asset : project_->definitions.assets) {
    const auto [known, added] = parsed.try_emplace(asset.automation);
    if (added && !asset.automation.empty()) known->second = parse_condition(asset.automation).value_or(nullptr);
    conditions_.push_back(known->second);
  }
  automation_ = std::make_unique<Automation>(static_cast<const AutomationWorld&>(*this));
  if (evaluated_at_) automation_->restore_time(*evaluated_at_);
  for (AssetId id = 0; id < conditions_.size(); ++id) record_conditions_.push_back(conditions_[id] ? record_condition(id) : "");
  restore_memories();
  rename_pauses();
  if (before) note_code_changes(*before);
  know_uncounted();
  know_runs(engine);
  all_are_due_ = !automation_->empty();
}

void Automator::divide(std::shared_ptr<const PartitionsInForce> partitions) {
  partitions_ = std::move(partitions);
  for (AssetId id = 0; automation_ && id < conditions_.size(); ++id)
    if (takes_keys(id)) news_.touched.insert(id);
}

bool Automator::takes_keys(AssetId asset) const {
  const auto* divided = this->divided(asset);
  return divided && std::ranges::any_of(divided->dimensions(), &Partitions::Dimension::dynamic);
}

/// Remembered partitions are numbers: under another division, of the asset or of one above it, they would be others.
std::string Automator::record_condition(AssetId asset) const {
  const auto& definitions = project_->definitions;
  std::string divisions;
  const auto add = [&](AssetId id) {
    if (definitions.assets[id].partitions) divisions += definitions.assets[id].key + " " + to_json(*definitions.assets[id].partitions).dump() + "\n";
  };
  add(asset);
  for (const auto parent : project_->graph.parents(asset)) add(parent);
  return definitions.assets[asset].automation + (divisions.empty() ? "" : "\n" + version_of_text(divisions));
}

void Automator::restore_memories() {
  std::map<std::string, std::string> present;  // by former names that nobody has now
  for (const auto& asset : project_->definitions.assets)
    if (!asset.renamed_from.empty() && !project_->graph.find(asset.renamed_from)) present[asset.renamed_from] = asset.key;
  for (AssetId id = 0; id < conditions_.size(); ++id) {
    const auto& asset = project_->definitions.assets[id];
    const auto found = records_.find(records_.contains(asset.key) ? asset.key : asset.renamed_from);
    if (conditions_[id] && found != records_.end() && found->second.condition == record_conditions_[id])
      automation_->restore(id, with_present_names(found->second.memory, present));
  }
}

/// A mute goes with its asset.
void Automator::rename_pauses() {
  for (const auto& asset : project_->definitions.assets) {
    const auto former = asset.renamed_from.empty() || project_->graph.find(asset.renamed_from) ? pauses_.end() : pauses_.find(asset.renamed_from);
    if (former == pauses_.end() || pauses_.contains(asset.key)) continue;
    auto mute = former->second;
    mute.asset = asset.key;
    resume(asset.renamed_from);
    pause(std::move(mute));
  }
}

void Automator::note_code_changes(const Project& before) {
  for (AssetId id = 0; id < conditions_.size(); ++id) {
    const auto& asset = project_->definitions.assets[id];
    const auto old = before.graph.find(asset.key);
    if (old && code_version_of(before.definitions.assets[*old]) != code_version_of(asset)) news_.code_changed[id] = kItself;  // of one that is divided all that there are when it is evaluated
  }
}

bool Automator::is_due(WallTime now) const {
  if (!automation_) return false;
  const bool news = !news_.made.empty() || !news_.updated.empty() || !news_.code_changed.empty() || !news_.touched.empty();
  const auto next = next_instant();
  return all_are_due_ || news || (next && *next <= now) || !pending_.empty();
}

std::optional<WallTime> Automator::next_instant() const {
  auto next = automation_ ? automation_->next_instant() : std::nullopt;
  for (const auto& [asset, pause] : pauses_)
    if (pause.until && (!next || *pause.until < *next)) next = pause.until;
  return next;
}

// ---- Evaluation

AutomationWanted Automator::evaluate(WallTime now) {
  AutomationWanted wanted;
  if (!automation_) return wanted;
  resume_what_is_over(now);
  // Time never goes back for conditions: an instant of cron that was dealt with is not dealt with again after the clock was set back.
  const auto at = at_ = std::max(now, evaluated_at_.value_or(now));
  constexpr int kMostRounds = 8;  // what an evaluation itself makes news is settled in two; a bound, in case a condition swings
  for (int round = 0; round < kMostRounds && wanted.assets.empty(); ++round) {
    auto news = std::exchange(news_, {});
    for (auto& [asset, set] : news.code_changed) set = existing(asset, at);
    const bool all = std::exchange(all_are_due_, false);
    const auto next = automation_->next_instant();
    const bool due = all || automation_->unsettled() || (next && *next <= at) || !news.made.empty() || !news.updated.empty() || !news.code_changed.empty() || !news.touched.empty();
    if (!due) break;
    const auto take = [&](const Automation::Evaluated& evaluated) {
      record(evaluated, now);
      if (evaluated.requested.empty()) return;
      wanted.assets.push_back(evaluated.asset);
      if (divided(evaluated.asset)) wanted.sets[evaluated.asset] = evaluated.requested;
    };
    if (all) automation_->evaluate_all(at, news, take);
    else automation_->evaluate(at, news, take);
    evaluated_at_ = pending_.evaluated_at = at;
    updated_by_.clear();
    for (const auto run : std::exchange(over_, {})) made_by_.erase(run);
  }
  return wanted;
}

void Automator::record(const Automation::Evaluated& evaluated, WallTime now) {
  const auto& asset = project_->definitions.assets[evaluated.asset];
  const auto known = records_.find(asset.key);
  AutomationRecord next{asset.key, record_conditions_[evaluated.asset], automation_->memory(evaluated.asset), !evaluated.answer.holds.empty(), std::nullopt, 0};
  if (known != records_.end()) next.requested_at = known->second.requested_at, next.run = known->second.run;
  const bool another = known == records_.end() ? next.holds : known->second.holds != next.holds;
  if (another || !evaluated.requested.empty()) {
    pending_evaluations_[asset.key] = pending_.evaluations.size();
    pending_.evaluations.push_back({asset.key, now, next.holds, 0, to_json(evaluated.answer, project_->graph, earlier_run(evaluated.asset)).dump()});
  }
  if (known != records_.end() && known->second == next) return;
  records_[asset.key] = next;
  const auto [place, added] = pending_records_.try_emplace(asset.key, pending_.records.size());
  if (added) pending_.records.push_back(std::move(next));
  else pending_.records[place->second] = std::move(next);
}

void Automator::requested(const std::vector<AssetId>& assets, RunId run) {
  for (const auto id : assets) {
    const auto& key = project_->definitions.assets[id].key;
    const auto evaluation = pending_evaluations_.find(key);
    if (evaluation == pending_evaluations_.end()) continue;
    auto& request = pending_.evaluations[evaluation->second];
    request.run = run;
    auto& record = records_[key];
    record.requested_at = request.at;
    record.run = run;
    const auto [place, added] = pending_records_.try_emplace(key, pending_.records.size());
    if (added) pending_.records.push_back(record);
    else pending_.records[place->second] = record;
  }
}

void Automator::write(AutomationBatch& batch) {
  batch = std::move(pending_);
  pending_ = {};
  pending_evaluations_.clear();
  pending_records_.clear();
}

// ---- Pauses

void Automator::pause(AutomationPause pause) {
  pending_.paused.push_back(pause);
  std::erase(pending_.resumed, pause.asset);
  pauses_[pause.asset] = std::move(pause);
}

bool Automator::resume(const std::string& asset) {
  if (pauses_.erase(asset) == 0) return false;
  std::erase_if(pending_.paused, [&](const AutomationPause& pause) { return pause.asset == asset; });
  pending_.resumed.push_back(asset);
  all_are_due_ = automation_ && !automation_->empty();  // what would have been requested meanwhile is now
  return true;
}

void Automator::resume_what_is_over(WallTime now) {
  std::vector<std::string> over;
  for (const auto& [asset, pause] : pauses_)
    if (pause.until && *pause.until <= now) over.push_back(asset);
  for (const auto& asset : over) resume(asset);
}

const AutomationPause* Automator::find_pause(const std::string& asset) const {
  const auto it = pauses_.find(asset);
  return it == pauses_.end() ? nullptr : &it->second;
}

std::string Automator::leave_out_muted(std::vector<AssetId>& assets, WallTime now) const {
  std::map<AssetId, const AutomationPause*> mutes;
  for (const auto& [key, pause] : pauses_)
    if (const auto id = project_ && !key.empty() && (!pause.until || *pause.until > now) ? project_->graph.find(key) : std::nullopt) mutes[*id] = &pause;
  std::string said;
  if (mutes.empty()) return said;
  std::size_t left_out = 0;
  std::erase_if(assets, [&](AssetId id) {
    const auto mute = mutes.find(id);
    if (mute == mutes.end()) return false;
    if (++left_out <= kMutesNamed) said += (said.empty() ? "" : "; ") + muted_text(*mute->second);
    return true;
  });
  return left_out > kMutesNamed ? said + "; and " + std::to_string(left_out - kMutesNamed) + " more that are muted" : said;
}

// ---- What conditions ask

bool Automator::may_request(AssetId asset) const { return !held_ && !find_pause("") && !find_pause(project_->graph.key(asset)); }

bool Automator::selects(const std::string& selection, AssetId asset) const {
  auto it = selected_.find(selection);
  if (it == selected_.end()) {
    const auto chosen = select_assets(selection, project_->definitions, project_->graph);
    it = selected_.emplace(selection, chosen ? std::set<AssetId>(chosen->begin(), chosen->end()) : std::set<AssetId>()).first;
  }
  return it->second.contains(asset);
}

IndexSet Automator::latest_window(AssetId asset, WallTime now) const {
  const auto* divided = this->divided(asset);
  return divided ? divided->usual(now) : kItself;
}

std::optional<WallTime> Automator::next_window(AssetId asset, WallTime now) const {
  const auto* divided = this->divided(asset);
  std::optional<WallTime> next;
  if (!divided) return next;
  for (const auto& dimension : divided->dimensions()) {
    const auto* windows = std::get_if<TimeWindows>(&dimension.of);
    if (!windows) continue;
    const auto coming = windows->ended_by(now);
    if (windows->count() && coming >= *windows->count()) continue;
    const auto end = windows->window(coming).end;
    if (!next || end < *next) next = end;
  }
  return next;
}

IndexSet Automator::made_from(AssetId child, AssetId parent, const IndexSet& of_parent) const { return partitions_->table.downstream_of(child, parent, of_parent, at_); }

IndexSet Automator::all_if(AssetId asset, bool condition) const { return condition ? existing(asset, at_) : IndexSet(); }

/// What lies above of which every new update came of a run that makes all that is made from it as well; of what is not next to it all that the run made there.
IndexSet Automator::made_with(AssetId asset, AssetId parent) const {
  const auto updated = updated_by_.find(parent);
  if (updated == updated_by_.end()) return {};
  const auto parents = project_->graph.parents(asset);
  const bool is_next = std::ranges::find(parents, parent) != parents.end();
  IndexSet together, apart;
  for (const auto& [run, set] : updated->second) {
    const auto own = made_by(run, asset);
    const auto not_made = is_next && !own.empty() ? existing(asset, at_) - own : IndexSet();
    const auto of_run = own.empty() ? IndexSet() : not_made.empty() ? set : set - partitions_->table.upstream_of(asset, parent, not_made, at_);
    together = together | of_run;
    apart = apart | (set - of_run);
  }
  return together - apart;
}

IndexSet Automator::made_by(RunId run, AssetId asset) const {
  const auto by = made_by_.find(run);
  if (by == made_by_.end()) return {};
  const auto own = by->second.find(asset);
  return own == by->second.end() ? IndexSet() : own->second;
}

/// What is made elsewhere is taken to be there: nobody here can say otherwise.
IndexSet Automator::materialized(AssetId asset) const {
  const auto& state = book_.current(asset);
  if (project_->definitions.assets[asset].external) return existing(asset, at_);
  if (!divided(asset)) return all_if(asset, state.last_materialization.has_value());
  return state.partitions ? state.partitions->materialized : IndexSet();
}

IndexSet Automator::in_progress(AssetId asset) const {
  IndexSet out;
  if (const auto runs = planned_.find(asset); runs != planned_.end())
    for (const auto& [run, set] : runs->second) out = out | set;
  return out;
}

IndexSet Automator::failed(AssetId asset) const {
  const auto& state = book_.current(asset);
  if (divided(asset)) return state.partitions ? state.partitions->failed : IndexSet();
  return all_if(asset, state.last_attempt && state.last_attempt->status == StepStatus::failed);
}

// ---- What people see

/// The run that was asked for for the causes that still stand.
std::string Automator::earlier_run(AssetId id) const {
  const auto record = records_.find(project_->graph.key(id));
  if (record == records_.end() || record->second.run == 0) return "";
  const auto& attempt = book_.current(id).last_attempt;
  const bool is_its = attempt && attempt->run == record->second.run && !divided(id);  // else it tells of one partition, perhaps another
  return " in run " + std::to_string(record->second.run) + (is_its ? ", which " + ended_in_words(attempt->status) : "");
}

AutomationView Automator::view_of(AssetId id, WallTime now, bool with_answer) const {
  const auto& asset = project_->definitions.assets[id];
  AutomationView view{.key = asset.key, .condition = asset.automation};
  at_ = std::max(now, evaluated_at_.value_or(now));
  if (const auto answer = automation_->explain(at_, id)) {
    view.holds = !answer->holds.empty();
    auto outlook = outlook_of(*answer, *this, at_, earlier_run(id));
    view.next = std::move(outlook.next);
    view.held = std::move(outlook.held);
    if (with_answer) view.answer = to_json(*answer, project_->graph, earlier_run(id));
  }
  if (const auto record = records_.find(asset.key); record != records_.end()) {
    view.requested_at = record->second.requested_at;
    view.run = record->second.run;
  }
  if (const auto* pause = find_pause(asset.key)) view.pause = *pause;
  return view;
}

AutomationPage Automator::page(const std::string& after, std::size_t limit, WallTime now) const {
  AutomationPage page;
  if (const auto* pause = find_pause("")) page.pause = *pause;
  if (!automation_) return page;
  for (AssetId id = 0; id < conditions_.size() && !page.more; ++id) {  // by key
    const auto& key = project_->graph.key(id);
    if ((!conditions_[id] && !find_pause(key)) || key <= after) continue;
    page.more = page.items.size() == limit;
    if (!page.more) page.items.push_back(view_of(id, now, false));
  }
  return page;
}

std::optional<AutomationView> Automator::view(const std::string& key, WallTime now) const {
  const auto id = project_ ? project_->graph.find(key) : std::nullopt;
  if (!id) return std::nullopt;
  return view_of(*id, now, true);
}

}  // namespace assetd
