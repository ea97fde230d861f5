#pragma once
// Which partitions of which assets are to be materialized now, because their conditions say so.
//
// An evaluation looks at what has come since the one before it: news, instants of cron expressions, windows of time that ended. Only assets are evaluated
// that could give another answer than the last time; the answer is the same as if all were (tests/core/automation).

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/automation/condition.h"
#include "core/graph/graph.h"
#include "core/partition/index_set.h"
#include "core/schedule/cron.h"
#include "core/time.h"

namespace assetd {

/// What conditions are about. Sets are of partitions that exist at the time of the evaluation; {0} is an asset without partitions.
class AutomationWorld {
 public:
  virtual ~AutomationWorld() = default;
  virtual const AssetGraph& graph() const = 0;
  virtual ConditionPtr condition(AssetId asset) const = 0;  ///< nullptr: nothing is done by itself
  virtual IndexSet existing(AssetId asset, WallTime now) const = 0;
  virtual IndexSet latest_window(AssetId asset, WallTime now) const = 0;  ///< all that exist, where there is no time
  /// When existing() or latest_window() next change by themselves.
  virtual std::optional<WallTime> next_window(AssetId asset, WallTime now) const = 0;
  /// Can keys be added to its partitions?
  virtual bool takes_keys(AssetId) const { return false; }
  /// Partitions of `child` that are made from a partition of `parent` that is in the set.
  virtual IndexSet made_from(AssetId child, AssetId parent, const IndexSet& of_parent) const = 0;
  virtual bool selects(const std::string& selection, AssetId asset) const = 0;
  /// False: somebody has paused it. Nothing is requested, and what would have been stays to be requested: also what was so
  /// at one moment only, unless it is made meanwhile.
  virtual bool may_request(AssetId) const { return true; }

  /// Of what is new of `parent`: what came of a run that makes `asset` as well. That is no reason to make it once more, whatever became of it there.
  virtual IndexSet made_with(AssetId, AssetId) const { return {}; }
  virtual IndexSet materialized(AssetId asset) const = 0;
  virtual IndexSet in_progress(AssetId asset) const = 0;  ///< of a run that is queued or under way
  virtual IndexSet failed(AssetId asset) const = 0;
  virtual IndexSet checks_failed(AssetId asset) const = 0;  ///< in which one of its checks failed at its last result there
  virtual IndexSet checks_open(AssetId) const { return {}; }  ///< in which one of its checks has not judged the newest data yet
  /// In which nothing may be built on its newest data for `below`: a blocking check has not ended, or has failed.
  virtual IndexSet unchecked(AssetId, AssetId /*below*/) const { return {}; }
};

struct AutomationNews {
  std::map<AssetId, IndexSet> made;          ///< materialized or observed, whatever its checks will say of it
  std::map<AssetId, IndexSet> updated;       ///< the same once its blocking checks let it pass: for what is made from it
  std::map<AssetId, IndexSet> code_changed;
  std::set<AssetId> touched;                 ///< another answer of the world changed: what is in progress, failed, materialized, checks, existing
};

/// How a condition came to its answer, node by node.
struct ConditionAnswer {
  const Condition* condition = nullptr;  ///< lives as long as the Automation
  AssetId on = 0;                    ///< of which asset it was asked
  IndexSet holds;
  std::vector<ConditionAnswer> children; ///< of any_deps and all_deps: one for each asset above
  IndexSet causes = {};     ///< of what has just happened in it: a reason to ask once more
  IndexSet unchecked = {};  ///< at the root: what it holds of, or held of, and is not asked for because of blocking checks above
  IndexSet kept = {};       ///< at the root: what it holds of, or held of at one moment, and is asked for only when a pause ends, or the run that is to make it does not
  IndexSet late = {};       ///< at the root: what is asked for now, as it held of it before
  IndexSet spent = {};      ///< at the root: what it holds of and is not asked for because it was, for the same causes
};

/// What an evaluation asks for: those above first. `sets`: which partitions, of those that are divided.
struct AutomationWanted {
  std::vector<AssetId> assets;
  std::map<AssetId, IndexSet> sets;
};

class Automation {
 public:
  /// `world` outlives it, and its graph and conditions do not change.
  explicit Automation(const AutomationWorld& world);

  struct Evaluated {
    AssetId asset = 0;
    IndexSet requested;
    ConditionAnswer answer;
  };
  /// Told of each asset that was evaluated, one after the other: thousands of answers at once are much memory. May ask for memory().
  using Take = std::function<void(const Evaluated&)>;
  /// In an order in which no asset comes before one above it. What is in progress is not requested again, nor what was requested for the same causes: its
  /// condition must have been false meanwhile, other than by being made, or something new have come. What is made from data that a blocking check has not
  /// let pass waits for that. Times never go back.
  void evaluate(WallTime now, const AutomationNews& news, const Take& take);
  std::vector<Evaluated> evaluate(WallTime now, const AutomationNews& news);
  /// As evaluate(), of all assets that have a condition, whether or not anything could have changed.
  void evaluate_all(WallTime now, const AutomationNews& news, const Take& take);

  /// Is something true only until the next evaluation? Then evaluate again before there are news, or what they trigger could be taken as handled.
  bool unsettled() const { return !restless_.empty() || !requested_.empty(); }
  std::optional<WallTime> next_instant() const;  ///< when to evaluate although there are no news
  /// What its condition says now, without news; changes nothing. Nothing for an asset without one.
  std::optional<ConditionAnswer> explain(WallTime now, AssetId asset) const;
  bool empty() const { return subjects_.empty(); }

  /// What conditions of this asset remember ("since"), to be kept across restarts; empty where they remember nothing.
  std::string memory(AssetId asset) const;
  /// False: it is not the memory of this condition. An asset whose memory is not restored begins anew.
  bool restore(AssetId asset, const std::string& memory);
  void restore_time(WallTime last) { last_ = last; }  ///< of the evaluation before the restart: cron instants since then count

 private:
  struct Node {
    const Condition* condition;
    std::vector<std::size_t> children;
    std::optional<CronSchedule> cron;
  };
  /// A condition as it is evaluated; assets with the same one share it.
  struct Program {
    ConditionPtr condition;   // keeps the nodes' alive
    std::vector<Node> nodes;  // the root is the first
    bool of_latest = false;   // it is true of the newest window only: what waits does not outlive that
  };
  using Remembered = std::map<std::pair<std::size_t, AssetId>, IndexSet>;
  struct Subject {
    AssetId asset = 0;
    std::shared_ptr<const Program> program;
    Remembered remembered;                  // of `since` what it held, of `newly_true` what its child held; no empty sets
    std::vector<AssetId> watched;           // itself and what is above it, as far as its condition looks
    std::optional<WallTime> due;
    bool restless = false;
    // In `remembered`, after the nodes: what was asked for and has no new cause, and what waits for a check above, or for
    // the end of a pause.
    std::pair<std::size_t, AssetId> asked_key() const { return {program->nodes.size(), asset}; }
    std::pair<std::size_t, AssetId> waiting_key() const { return {program->nodes.size() + 1, asset}; }
  };
  struct Scene;

  static constexpr std::size_t kNoSubject = static_cast<std::size_t>(-1);

  static std::size_t add_node(Program& program, const Condition& condition);
  void evaluate(Scene& scene, std::set<std::size_t> due, const Take& take);
  ConditionAnswer answer(Subject& subject, std::size_t node, AssetId on, Scene& scene) const;
  IndexSet own(const Node& node, AssetId on, AssetId subject, Scene& scene) const;
  void combine(Subject& subject, std::size_t node, ConditionAnswer& out, const Scene& scene) const;
  void ask_deps(Subject& subject, const Node& node, ConditionAnswer& out, Scene& scene) const;
  IndexSet waits_for_checks(const Subject& subject, const Scene& scene) const;
  IndexSet to_request(Subject& subject, ConditionAnswer& root, const Scene& scene) const;
  void schedule(std::size_t subject, WallTime now);

  const AutomationWorld& world_;
  std::vector<Subject> subjects_;                      // those above first
  std::vector<std::size_t> numbers_;                   // by asset: its place in subjects_, or kNoSubject
  std::vector<std::vector<std::size_t>> watchers_;     // by asset: subjects that look at it
  std::set<std::pair<WallTime, std::size_t>> timers_;
  std::set<std::size_t> restless_;                     // subjects that gave an answer which holds for one evaluation
  std::map<AssetId, IndexSet> requested_;              // at the last evaluation
  std::optional<WallTime> last_;
};

}  // namespace assetd
