#pragma once
// Automation at work: the world that conditions are about is made of the asset book and of the runs that are not over; what is asked for, remembered and
// paused goes into the batch of the turn that brought it about, so that a crash repeats nothing and forgets nothing.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/automation/automation.h"
#include "core/engine/engine.h"
#include "daemon/service/asset_book.h"
#include "daemon/service/service.h"

namespace assetd {

/// What an Automator goes on from.
struct AutomatorMemory {
  std::vector<AutomationRecord> records;
  std::vector<AutomationPause> pauses;
  std::optional<WallTime> evaluated_at;
};

/// The service's thread only.
class Automator final : private AutomationWorld {
 public:
  explicit Automator(const AssetBook& book) : book_(book) {}
  Automator(const Automator&) = delete;

  /// What the store has; before use().
  void restore(std::vector<AutomationRecord> records, std::vector<AutomationPause> pauses, std::optional<WallTime> evaluated_at);
  AutomatorMemory memory() const;
  /// Takes over a version that the book uses already: all of its conditions are looked at with the next evaluation. What they remember goes on where the
  /// condition is the same as before.
  void use(std::shared_ptr<const PartitionsInForce> partitions, const Engine& engine);
  /// The same version with other dynamic keys.
  void divide(std::shared_ptr<const PartitionsInForce> partitions);
  /// Again, which assets are about to be made: after runs were taken up from the store.
  void know_runs(const Engine& engine);

  /// A change that the turn in progress commits; `runs` knows what its run is about.
  void note(const Change& change, const Projection& runs);
  /// A check of this asset was waived, or is no more.
  void checks_changed(const std::string& key);
  bool is_due(WallTime now) const;               ///< is there something to evaluate?
  std::optional<WallTime> next_instant() const;  ///< when there will be, without news
  /// While held nothing is requested, as if all were paused: the daemon is being drained.
  void hold() { held_ = true; }

  /// Evaluates what has become due and says what is to be made. The caller makes a run of them, says so with requested(), and
  /// asks again until nothing more is asked for; then write() says what is to be committed.
  AutomationWanted evaluate(WallTime now);
  void requested(const std::vector<AssetId>& assets, RunId run);
  void write(AutomationBatch& batch);

  /// Of one asset's key, or "" for all.
  void pause(AutomationPause pause);
  /// False: it was not paused.
  bool resume(const std::string& asset);
  const AutomationPause* find_pause(const std::string& asset) const;
  /// Takes the muted ones out of what is to be made without anybody asking for it, and says who muted them; "": none was. A mute whose end has come counts
  /// no more, although its asset is resumed only with the next evaluation.
  std::string leave_out_muted(std::vector<AssetId>& assets, WallTime now) const;

  AutomationPage page(const std::string& after, std::size_t limit, WallTime now) const;
  std::optional<AutomationView> view(const std::string& key, WallTime now) const;

 private:
  const AssetGraph& graph() const override { return project_->graph; }
  ConditionPtr condition(AssetId asset) const override { return conditions_[asset]; }
  IndexSet existing(AssetId asset, WallTime now) const override { return partitions_->table.existing(asset, now); }
  IndexSet latest_window(AssetId asset, WallTime now) const override;
  std::optional<WallTime> next_window(AssetId asset, WallTime now) const override;
  bool takes_keys(AssetId asset) const override;
  IndexSet made_from(AssetId child, AssetId parent, const IndexSet& of_parent) const override;
  bool selects(const std::string& selection, AssetId asset) const override;
  bool may_request(AssetId asset) const override;
  IndexSet made_with(AssetId asset, AssetId parent) const override;
  IndexSet materialized(AssetId asset) const override;
  IndexSet in_progress(AssetId asset) const override;
  IndexSet failed(AssetId asset) const override;
  IndexSet checks_failed(AssetId asset) const override;
  IndexSet checks_open(AssetId asset) const override;
  IndexSet unchecked(AssetId asset, AssetId below) const override;

  void restore_memories();
  void rename_pauses();
  void note_code_changes(const Project& before);
  void touch(const std::string& key);
  const Partitions* divided(AssetId asset) const { return partitions_->table.of(asset); }
  IndexSet of_partition(AssetId asset, const std::string& partition) const;
  IndexSet all_if(AssetId asset, bool condition) const;
  std::string record_condition(AssetId asset) const;
  void plan(RunId run, const std::string& key, const std::string& partition, bool planned);
  void forget_planned(RunId run);
  void know_run(RunId run, const RunContext& context, const RunPlan& plan);
  void plan(const Projection::Known* run, StepIndex step, bool planned);
  IndexSet made_by(RunId run, AssetId asset) const;
  void end_step(const Projection::Known* run, StepIndex step);
  void know_uncounted();
  void count(AssetId asset, const IndexSet& set, RunId run);
  static RunId maker(const Projection::Known* run);
  void count_what_passed(AssetId asset, RunId run);
  bool has_check(AssetId asset, const std::string& name) const;
  bool descends_from_all(AssetId below, const CheckSpec& check) const;
  std::string earlier_run(AssetId asset) const;
  void resume_what_is_over(WallTime now);
  void record(const Automation::Evaluated& evaluated, WallTime now);
  AutomationView view_of(AssetId asset, WallTime now, bool with_answer) const;

  const AssetBook& book_;
  std::shared_ptr<const PartitionsInForce> partitions_;
  std::shared_ptr<const Project> project_;  ///< of partitions_
  std::vector<ConditionPtr> conditions_;         ///< by asset
  std::vector<std::string> record_conditions_;  ///< by asset: what its record is valid for
  std::unique_ptr<Automation> automation_;
  mutable std::map<std::string, std::set<AssetId>> selected_;  ///< by selection that stands in a condition
  std::map<AssetId, std::map<RunId, IndexSet>> planned_;       ///< of which runs have steps that have not ended
  std::map<RunId, std::map<AssetId, IndexSet>> made_by_;       ///< what each run that is not over makes
  std::vector<RunId> over_;                                    ///< runs to forget in it after the next evaluation: their news are still to be looked at
  std::map<AssetId, std::map<RunId, IndexSet>> updated_by_;    ///< of the news: by which run
  std::map<AssetId, IndexSet> uncounted_;                      ///< made, and not let pass by its checks, at the last change
  std::map<std::pair<std::string, std::string>, const CheckSpec*> checks_;  ///< of project_, by asset and name
  AutomationNews news_;
  bool all_are_due_ = false;
  bool held_ = false;
  std::optional<WallTime> evaluated_at_;
  mutable WallTime at_{};  ///< of the evaluation under way: which partitions there are
  std::map<std::string, AutomationRecord> records_;  ///< by asset
  std::map<std::string, AutomationPause> pauses_;    ///< by asset; "": all
  AutomationBatch pending_;                          ///< for write()
  std::map<std::string, std::size_t> pending_evaluations_, pending_records_;  ///< places in it
};

}  // namespace assetd
