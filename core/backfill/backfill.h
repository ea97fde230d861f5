#pragma once
// Many partitions of many assets, made run by run: what is left, what may go next, what became of it. Pure; the service keeps it and makes the runs.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/partition/table.h"
#include "core/run/records.h"

namespace assetd {

enum class BackfillStatus : std::uint8_t { running, paused, succeeded, failed, canceled };
std::string_view to_string(BackfillStatus status);
std::optional<BackfillStatus> parse_backfill_status(std::string_view text);
inline bool is_over(BackfillStatus status) { return status >= BackfillStatus::succeeded; }

/// Assets that are divided alike and made together, partition by partition: one run holds all of them. Sets are disjoint parts of `wanted`; what is in none of them
/// and in no run is still to do. Of assets that are not divided the one partition is 0.
struct BackfillGroup {
  std::vector<std::string> assets;
  std::optional<PartitionsSpec> spec;
  int per_run = 1;  ///< partitions; 0: as many as may go
  IndexSet wanted, succeeded, failed, skipped, canceled;
  /// By place in `assets`, empty where it is so of none: of partitions that have not succeeded, those of which a run has made this asset nonetheless; and those of
  /// which this asset is left out, as something above it was not made, while others of the group are made.
  std::vector<IndexSet> made, blocked;
  IndexSet ended() const { return succeeded | failed | skipped | canceled; }
  /// Partitions that ended and of which the asset at `place` was not made: what is below it waits in vain.
  IndexSet lost(std::size_t place) const;
  /// Those of `set` of which the asset at `place` is still to be made, and can be.
  IndexSet to_make(std::size_t place, const IndexSet& set) const;
};

/// Where the assets of a group stand in it, by the key that each has or had. Refers to what it is made of.
class BackfillPlaces {
 public:
  BackfillPlaces(const BackfillGroup& group, const Definitions& now);
  std::optional<std::size_t> of(std::string_view key) const;

 private:
  std::unordered_map<std::string_view, std::size_t> places_;
};

struct BackfillRun {
  std::size_t group = 0;
  IndexSet set;
};

struct Backfill {
  std::int64_t id = 0;
  BackfillStatus status = BackfillStatus::running;
  std::string select, partitions;  ///< as asked for
  StepsMode mode = StepsMode::all;
  nlohmann::json options = nlohmann::json::object();
  std::map<std::string, std::string> tags;
  int priority = 0;
  int max_runs = 4;           ///< under way at once
  bool newest_first = false;
  Actor actor;
  WallTime created_at{};
  std::optional<WallTime> ended_at;
  std::string reason, detail, by;          ///< of a pause, a cancel, or why it failed
  std::vector<BackfillGroup> groups;       ///< upstream before downstream
  std::map<RunId, BackfillRun> runs;       ///< that have not been settled
  std::int64_t runs_made = 0;
};

nlohmann::json to_json(const Backfill& backfill);
std::optional<Backfill> backfill_from_json(const nlohmann::json& json);

/// Groups of `assets` with what is wanted of each (of assets that are not divided {0}); assets with nothing wanted are left out.
std::vector<BackfillGroup> make_groups(const Definitions& definitions, const AssetGraph& graph, const PartitionTable& table, const std::map<AssetId, IndexSet>& wanted);

/// The same, looked up in a definitions version that still divides everything alike. Edges that have turned round since the backfill began are left out:
/// groups go in the order they were made in, so that none waits for another in a circle.
class BackfillPlan {
 public:
  /// Nothing, with why in `error`: an asset is gone, or is divided otherwise now.
  static std::optional<BackfillPlan> make(const Backfill& backfill, const Definitions& definitions, const AssetGraph& graph, const PartitionTable& table, std::string& error);

  /// Marks as skipped what can no longer be made: its key was removed, or something above it failed, was skipped or canceled. A partition is skipped once that is so
  /// of all assets of its group that are to be made; until then those are blocked.
  void skip_blocked(Backfill& backfill, WallTime now) const;
  struct Request {
    std::size_t group = 0;
    IndexSet set;
  };
  /// What may go now, at most `count` runs: nothing that waits for something above it.
  std::vector<Request> next(const Backfill& backfill, std::size_t count, WallTime now) const;
  /// The assets that a run for it makes, each with its partitions: those of which no earlier run has made it.
  std::vector<std::pair<AssetId, IndexSet>> to_make(const Backfill& backfill, const Request& request) const;
  /// "2 partitions were skipped, as their keys were removed: ann, bob". Empty where none was.
  std::string removed_in_words(const Backfill& backfill, WallTime now) const;
  const std::vector<AssetId>& assets(std::size_t group) const { return assets_[group]; }

 private:
  struct Edge {
    std::size_t from = 0;   ///< group above
    std::size_t place = 0;  ///< of the parent among its assets
    std::size_t to = 0;     ///< of the child among those of its group
    AssetId parent = 0, child = 0;
    bool strict = true;  ///< hands a failure on
  };
  /// Within a group, from a partition to the same: places among its assets, `from` before `to`.
  struct InnerEdge {
    std::size_t from = 0, to = 0;
  };
  std::vector<IndexSet> lost(const Backfill& backfill, std::size_t group, const IndexSet& left, WallTime now) const;
  IndexSet below(const Edge& edge, const IndexSet& set, WallTime now) const { return table_->downstream_of(edge.child, edge.parent, set, now); }

  const PartitionTable* table_ = nullptr;  ///< must outlive this
  std::vector<std::vector<AssetId>> assets_;
  std::vector<std::vector<Edge>> edges_;   ///< by group: from others
  std::vector<std::vector<InnerEdge>> inner_;  ///< by group, of those that hand a failure on; in the order of `to`
};

/// Takes over what was renamed (`renamed_from`), and another start, end or order of keys where all its partitions are still there; what it cannot take over it
/// leaves, and BackfillPlan::make says why.
void follow(Backfill& backfill, const Definitions& definitions, const AssetGraph& graph, const PartitionTable& table);

/// Which of `set`, what a run was asked for, has that key; also where the key was removed since. `divided` null: not divided.
std::optional<PartitionIndex> place_of(const std::string& key, const IndexSet& set, const Partitions* divided);
/// What is neither ended nor in a run.
IndexSet to_do(const Backfill& backfill, std::size_t group);
std::int64_t partitions_total(const Backfill& backfill);
std::int64_t partitions_ended(const Backfill& backfill);
/// What became of a run's partitions, told step by step.
struct BackfillRunEnd {
  IndexSet unsuccessful;       ///< of which something was not made
  IndexSet canceled;           ///< of those
  std::vector<IndexSet> made;  ///< of which an asset was made, by its place in the group
  /// `place`: nothing where the group has no such asset any more.
  void add(std::optional<std::size_t> place, PartitionIndex partition, StepStatus status);
};
/// The end of a run. Returns false for a run that is not of it (any more).
bool settle(Backfill& backfill, RunId run, const BackfillRunEnd& end);
/// Nothing left to do and nothing under way: its status then. Nothing: it goes on.
std::optional<BackfillStatus> outcome(const Backfill& backfill);
/// Failed, skipped and canceled partitions are to do again: those of their assets that were not made.
void retry(Backfill& backfill);

}  // namespace assetd
